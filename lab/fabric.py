"""The network between the hosts: one namespace that routes, filters and serves DHCP and DNS.

Every host hangs on a link of its own and the fabric routes between them, as a
VPC does (its router answers every ARP request), so that all traffic passes the
fabric's filter, also between hosts of one subnet.
"""

import subprocess
import time
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path

from lab import firewall, namespace, settings
from lab.model import Instance, Snapshot

SERVICE_ADDRESSES = (
    settings.METADATA_ADDRESS,
    settings.RESOLVER_ADDRESS,
    settings.API_ADDRESS,
    settings.REGISTRY_ADDRESS,
    settings.ADMIN_ADDRESS,
)


class Fabric:
    """The fabric of one local cloud; its methods are called from one thread."""

    def __init__(self, config: settings.Settings) -> None:
        self._name = config.fabric
        self._folder = config.state / "fabric"
        self._dhcp_hosts = self._folder / "dhcp-hosts"
        self._ruleset = ""
        self._subnets: tuple[IPv4Network, ...] | None = None
        self._dnsmasq: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        self._dhcp_hosts.mkdir(parents=True)
        namespace.ip("netns", "add", self._name)
        self._ip("link", "set", "lo", "up")
        for address in SERVICE_ADDRESSES:
            self._ip("address", "add", f"{address}/32", "dev", "lo")
        self._sysctl("net/ipv4/ip_forward", "1")
        self._sysctl("net/ipv4/conf/all/rp_filter", "0")
        self._sysctl("net/ipv4/conf/default/rp_filter", "0")

    def attach(self, instance: Instance, host_namespace: str) -> None:
        """Give a host its link: the interface its metadata names, and a route to it."""
        link = instance.link
        self._wait_until_gone(link)
        mtu = ("mtu", str(settings.LINK_MTU))
        self._ip(
            *("link", "add", link, *mtu, "type", "veth"),
            *("peer", "name", "eth0", "address", instance.mac, *mtu, "netns", host_namespace),
        )
        # Without `noprefixroute` every link would claim the whole subnet.
        gateway = f"{instance.gateway}/{instance.subnet.prefixlen}"
        self._ip("address", "add", gateway, "dev", link, "noprefixroute")
        self._ip("link", "set", link, "up")
        self._ip(
            *("route", "replace", f"{instance.address}/32", "dev", link),
            *("src", settings.ADMIN_ADDRESS),
        )
        self._sysctl(f"net/ipv4/conf/{link}/proxy_arp", "1")
        self._sysctl(f"net/ipv4/neigh/{link}/proxy_delay", "0")
        lease = f"{instance.mac},{instance.address},{instance.host_name}\n"
        (self._dhcp_hosts / instance.instance_id).write_text(lease, encoding="utf-8")

    def detach(self, instance: Instance) -> None:
        namespace.ip("link", "delete", instance.link, namespace=self._name, check=False)
        (self._dhcp_hosts / instance.instance_id).unlink(missing_ok=True)

    def apply(self, snapshot: Snapshot) -> None:
        """Follow the API's subnets and security groups."""
        if snapshot.subnets != self._subnets:
            self._serve_dhcp(snapshot.subnets)
            self._subnets = snapshot.subnets
        ruleset = firewall.render(snapshot)
        if ruleset != self._ruleset:
            self._run(["nft", "-f", "-"], stdin=ruleset)
            # EC2 lets tracked connections live on; here a removed rule cuts them at once, so
            # that a missing rule shows its symptom. Gossip goes both ways on one UDP port, so its
            # answers would pass for ever. (It exits with 1 when there was nothing to forget.)
            self._run(["sh", "-c", "conntrack -D -p udp || true"])
            self._ruleset = ruleset
        self._route_second_addresses(snapshot.instances)

    def close(self) -> None:
        if self._dnsmasq is not None:
            self._dnsmasq.terminate()
            self._dnsmasq.wait()

    def _route_second_addresses(self, instances: Iterable[Instance]) -> None:
        for instance in instances:
            for address in instance.second_addresses:
                # While the host has no link there is nothing to route to; the next pass does it.
                route = ("route", "replace", f"{address}/32", "dev", instance.link)
                namespace.ip(*route, namespace=self._name, check=False)

    def _serve_dhcp(self, subnets: Iterable[IPv4Network]) -> None:
        self.close()
        options = [
            f"--dhcp-option=option:dns-server,{settings.RESOLVER_ADDRESS}",
            f"--dhcp-option=option:mtu,{settings.LINK_MTU}",
            f"--address=/amazonaws.com/{settings.API_ADDRESS}",
            f"--address=/{settings.REGISTRY_NAME}/{settings.REGISTRY_ADDRESS}",
        ]
        for subnet in subnets:
            tag = str(subnet.network_address)
            options += [
                f"--dhcp-range=set:{tag},{subnet.network_address},static,{subnet.netmask}",
                f"--dhcp-option=tag:{tag},option:router,{subnet.network_address + 1}",
            ]
        with (self._folder / "dnsmasq.log").open("ab") as log:
            self._dnsmasq = subprocess.Popen(
                [
                    *namespace.enter(self._name),
                    "dnsmasq",
                    "--keep-in-foreground",
                    "--user=root",  # the state folder is closed to others
                    "--conf-file=/dev/null",
                    "--pid-file=",
                    "--no-resolv",
                    "--no-hosts",
                    "--log-dhcp",
                    "--log-facility=-",
                    "--leasefile-ro",
                    "--bind-dynamic",
                    "--interface=h*",
                    "--interface=lo",
                    f"--dhcp-hostsdir={self._dhcp_hosts}",
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait_until_gone(self, link: str) -> None:
        """Wait for the link of a host's life before: namespaces end asynchronously."""
        namespace.ip("link", "delete", link, namespace=self._name, check=False)
        for _ in range(100):
            if not namespace.ip("link", "show", link, namespace=self._name, check=False):
                return
            time.sleep(0.05)
        raise OSError(f"the link {link} of the host's life before does not go away")

    def _ip(self, *args: str) -> None:
        namespace.ip(*args, namespace=self._name)

    def _sysctl(self, name: str, value: str) -> None:
        self._run(["tee", str(Path("/proc/sys") / name)], stdin=value)

    def _run(self, argv: list[str], *, stdin: str = "") -> None:
        result = subprocess.run(
            [*namespace.enter(self._name), *argv],
            input=stdin,
            text=True,
            capture_output=True,
            check=False,
        )
        if result.returncode != 0:
            raise OSError(f"{' '.join(argv)}: {result.stderr.strip()}")
