"""What a probe of an overlay network runs in its containers, and what its answers mean; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from .mtu import MIN_MTU
from .ports import ESP, GOSSIP_PORT, MANAGEMENT_PORT
from .reader import Reader

PORT = 8099  # where the probe's servers listen inside the network
BYTES = 1 << 20  # what goes over each pair of nodes, in each direction
IP_AND_ICMP_BYTES = 20 + 8  # headers that ping adds to its payload (RFC 791, RFC 792)


class Check(StrEnum):
    """What is tried from every node to every other."""

    DNS = "dns"
    ICMP = "icmp"
    TCP = "tcp"
    MTU = "mtu"
    PUBLISHED = "published"


# A published port comes in by ingress, not by the network.
CHECKS_OF_A_NETWORK = (Check.DNS, Check.ICMP, Check.TCP, Check.MTU)
PROBE_TIMEOUT_SECONDS = 180  # until an image is fetched and a container runs on every node
AT_ONCE = 16  # peers that a container asks side by side
SLOWEST_ANSWER_SECONDS = 80  # names and pings, five times each, and a search for the largest packet
DEFAULT_IMAGE = "busybox:1.37"

# Docker, "Naming a reference": registry, path, tag and digest; what it refuses in detail it says.
_IMAGE = r"[a-z0-9][a-zA-Z0-9._:/@-]*"


def asking_seconds(peers: int) -> int:
    """How long asking may take, when nothing answers."""
    return SLOWEST_ANSWER_SECONDS * (peers // AT_ONCE + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan:
    """Which networks are proven after an update, and with what image."""

    networks: tuple[str, ...]
    image: str


def read_probes(reader: Reader, declared: Sequence[str]) -> ProbePlan:
    """The networks to prove, each a declared one."""
    networks = reader.strings("probe_networks")
    reader.check_items(
        "probe_networks",
        networks,
        lambda name: name in declared,
        f"must be one of the networks ({', '.join(declared) or 'there are none'})",
        "declare it, or leave it out",
    )
    reader.refuse_repeated("probe_networks", networks)
    return ProbePlan(
        networks=networks,
        image=reader.text(
            "probe_image",
            DEFAULT_IMAGE,
            pattern=_IMAGE,
            allowed="must be the name of an image, such as busybox:1.37",
            remedy="write it as docker pull takes it",
        ),
    )


SERVE = f"""\
mkdir -p /www
head -c {BYTES} /dev/zero >/www/index.html
exec httpd -f -p {PORT} -h /www
"""

VOUCHED = "good"  # in place of a value: nothing was bad, by the exit code

# One line for each answer: answer FROM TO CHECK VALUE. NODE, PEERS (id=address=name ...) and
# PUBLISHED (id=address:port ...) come from outside. Each peer is resolved by itself: an answer
# with all of many does not fit into a packet. Several are asked at once, since pings take seconds.
ASK = f"""\
get() {{ printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 10 nc -w 5 "$1" "$2" 2>/dev/null | wc -c; }}
passes() {{
  ping -q -c 2 -W 1 -s $(($2 - {IP_AND_ICMP_BYTES})) "$1" 2>/dev/null |
    grep -q ' [12] packets received'
}}
largest() {{
  low={MIN_MTU} high=$2
  while [ $((high - low)) -gt 1 ]; do
    middle=$(((low + high) / 2))
    if passes "$1" $middle; then low=$middle; else high=$middle; fi
  done
  echo $low
}}
again() {{ # names and ways to peers get around by gossip, which may take some seconds
  for _ in 1 2 3 4 5; do
    "$@" && return
    sleep 2
  done
  return 1
}}
resolves() {{
  case " $(nslookup "$1" 2>/dev/null | tr '\\n' ' ') " in *" $2 "*) ;; *) return 1 ;; esac
}}
reaches() {{ ping -q -c 3 -W 1 "$1" 2>/dev/null | grep -q ' [123] packets received'; }}
say() {{ # TARGET CHECK VALUE GOOD; what is bad is told by the exit code too
  echo "answer $NODE $1 $2 $3"
  [ "$4" = yes ] || : >/bad
}}
ask() {{ # NODE ADDRESS NAME
  if again resolves "$3" "$2"; then dns=yes; else dns=no; fi
  say "$1" dns $dns $dns
  if again reaches "$2"; then
    say "$1" icmp yes yes
  else
    say "$1" icmp no no
    return
  fi
  link=$(ip -4 route get "$2" | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')
  mtu=$(cat "/sys/class/net/$link/mtu")
  if passes "$2" "$mtu"; then most=$mtu; else most=$(largest "$2" "$mtu"); fi
  if [ "$most" = "$mtu" ]; then good=yes; else good=no; fi
  say "$1" mtu "$most/$mtu" $good
  came=$(get "$2" {PORT})
  if [ "$came" -gt {BYTES} ]; then good=yes; else good=no; fi
  say "$1" tcp "$came" $good
}}
begun=0
for peer in $PEERS; do
  rest=${{peer#*=}}
  [ "${{peer%%=*}}" != "$NODE" ] || continue
  ask "${{peer%%=*}}" "${{rest%%=*}}" "${{rest#*=}}" &
  begun=$((begun + 1))
  [ $((begun % {AT_ONCE})) -ne 0 ] || wait
done
wait
for where in $PUBLISHED; do
  [ "${{where%%=*}}" = "$NODE" ] || continue
  where=${{where#*=}}
  if [ "$(get "${{where%:*}}" "${{where#*:}}")" -gt {BYTES} ]; then came=yes; else came=no; fi
  say "$NODE" published $came $came
done
echo "answer $NODE - end -"
[ ! -e /bad ]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one check from one node to another."""

    source: str
    target: str
    check: Check
    good: bool
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a probe saw. Nodes are named by host name.

    ``silent`` are nodes that should have answered and did not, each with what Docker says of it;
    ``left_out`` those that take no tasks, with their availability.
    """

    network: str
    encrypted: bool
    data_path_port: int
    answers: Sequence[Answer]
    down: Sequence[str] = ()
    silent: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether everything crossed."""
        return not self.down and not self.silent and all(a.good for a in self.answers)

    def failed(self, check: Check) -> list[Answer]:
        """The answers of one check that are not good."""
        return [a for a in self.answers if a.check is check and not a.good]


def read_answers(lines: Iterable[str], names: Mapping[str, str]) -> tuple[list[Answer], set[str]]:
    """The answers in the log, and the nodes that came to the end; ``names`` are theirs by id."""
    answers, ended = [], set()
    for line in lines:
        match line.split():
            case ["answer", source, "-", "end", "-"]:
                ended.add(names.get(source, source))
            case ["answer", source, target, check, value]:
                answers.append(
                    Answer(
                        source=names.get(source, source),
                        target=names.get(target, target),
                        check=Check(check),
                        good=_is_good(Check(check), value),
                        value=value,
                    )
                )
    return answers, ended


def vouched(source: str, targets: Iterable[str], checks: Iterable[Check]) -> list[Answer]:
    """What is known of a node whose log does not come, and whose container ended with 0."""
    return [
        Answer(
            source=source,
            target=source if check is Check.PUBLISHED else target,
            check=check,
            good=True,
            value=VOUCHED,
        )
        for target in targets
        for check in checks
    ]


def _is_good(check: Check, value: str) -> bool:
    match check:
        case Check.TCP:
            return value.isdecimal() and int(value) > BYTES  # with the answer's header
        case Check.MTU:
            passed, _, wanted = value.partition("/")
            return passed == wanted
        case _:
            return value == "yes"


def causes(found: Findings) -> list[str]:
    """What most likely keeps packets from crossing, from what is missing; empty if it is well."""
    return [*_of_nodes(found), *_of_pairs(found)]


def _of_nodes(found: Findings) -> list[str]:
    causes = [
        f"{name} is down: it is off, or does not reach the managers' {MANAGEMENT_PORT}/tcp"
        for name in found.down
    ]
    return causes + [
        f"{name} gave no answer: {reason or 'its container did not come to its end'}"
        for name, reason in found.silent.items()
    ]


def _of_pairs(found: Findings) -> list[str]:
    causes = []
    pairs = partial(_pairs, found)
    unknown, cut_off = found.failed(Check.DNS), found.failed(Check.ICMP)
    named = {(a.source, a.target) for a in unknown}
    unreached = [a for a in cut_off if (a.source, a.target) not in named]
    if unknown:
        causes.append(
            f"names of containers do not get from {pairs(unknown)}: nodes do not gossip; open "
            f"{GOSSIP_PORT}/tcp and {GOSSIP_PORT}/udp between them"
        )
    if unreached and found.encrypted:
        causes.append(
            f"nothing crosses from {pairs(unreached)}, and the network is encrypted: open IP "
            f"protocol {ESP} (ESP) between the nodes, and see that their kernels have it (modprobe "
            "esp4)"
        )
    elif unreached:
        causes.append(
            f"nothing crosses from {pairs(unreached)}: open {found.data_path_port}/udp (VXLAN) "
            "between the nodes, and see that the network's subnet is in no route of theirs"
        )
    small = found.failed(Check.MTU)
    if small:
        least = min(int(a.value.partition("/")[0]) for a in small)
        causes.append(
            f"packets above {least} bytes are lost from {pairs(small)}: the path below carries "
            "less than planned; set underlayMtu to what it carries"
        )
    else:
        causes += _of_streams(found)
    published = found.failed(Check.PUBLISHED)
    if published:
        causes.append(
            f"a published port does not answer on {', '.join(a.source for a in published)}: the "
            "routing mesh needs IPVS in the nodes' kernels (modprobe ip_vs), and ingress the same "
            "ports as every overlay"
        )
    return causes


def _of_streams(found: Findings) -> list[str]:
    broken = found.failed(Check.TCP)
    if not broken:
        return []
    return [f"{BYTES} bytes by TCP do not get from {_pairs(found, broken)}, though pings do"]


def _pairs(found: Findings, answers: Sequence[Answer], shown: int = 3) -> str:
    """The pairs in words: all of them, or the one node that they have in common, or the first."""
    if len(answers) == sum(a.check is answers[0].check for a in found.answers):
        return "any node to any other"
    for name in sorted({a.source for a in answers}):
        if len(answers) > 1 and all(name in (a.source, a.target) for a in answers):
            return f"{name} to others or from them"
    some = ", ".join(f"{a.source} to {a.target}" for a in answers[:shown])
    return some if len(answers) <= shown else f"{some} and {len(answers) - shown} more"
