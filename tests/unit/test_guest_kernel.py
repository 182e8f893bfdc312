"""What a kernel for user mode takes over from Debian's kernel for clouds."""

import pytest

from tools.guest.kernels import (
    NEEDED,
    OPTIONS,
    KernelError,
    missing_options,
    options,
    suite_sources,
)

STOCK = """\
CONFIG_NETFILTER_XT_MATCH_U32=m
CONFIG_NF_TABLES_INET=y
CONFIG_INET_ESP=m
# CONFIG_IP_VS_DEBUG is not set
CONFIG_IP_VS_TAB_BITS=12
CONFIG_NET_9P=m
CONFIG_E1000=m
"""


def test_networking_is_taken_over_and_built_in_and_drivers_are_not() -> None:
    taken = [line for line in options(STOCK) if line not in OPTIONS]
    assert taken == [
        "CONFIG_NETFILTER_XT_MATCH_U32=y",
        "CONFIG_NF_TABLES_INET=y",
        "CONFIG_INET_ESP=y",
        "CONFIG_NET_9P=y",
    ]


def test_an_option_that_the_source_does_not_know_is_missed() -> None:
    whole = [f"CONFIG_{name}=y" for name in NEEDED]
    assert missing_options("\n".join(whole)) == []
    without = [line for line in whole if line != "CONFIG_INET_ESP=y"]
    assert missing_options("\n".join([*without, "# CONFIG_INET_ESP is not set"])) == ["INET_ESP"]


@pytest.mark.parametrize(
    "own",
    [
        "Types: deb\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\n",
        "# a note\ndeb http://mirror.test/debian bookworm main\n",
        "deb [signed-by=/usr/share/k.gpg arch=amd64] http://mirror.test/debian bookworm main\n",
    ],
)
def test_another_release_comes_from_where_this_machines_packages_do(own: str) -> None:
    assert suite_sources(own, "next").splitlines()[1:3] == [
        "URIs: http://mirror.test/debian",
        "Suites: next",
    ]


def test_sources_without_an_address_say_so() -> None:
    with pytest.raises(KernelError, match="name no address"):
        suite_sources("# moved elsewhere\n", "next")
