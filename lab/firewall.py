"""Security groups as one nftables ruleset for the fabric, outside the hosts.

Pure: a snapshot in, text out. What EC2 never filters (DHCP, the resolver, the
metadata service) is let through; all else must be let out by a group of the
sender and in by a group of the receiver.
"""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network

from lab import settings
from lab.model import Group, Instance, Rule, Snapshot

TABLE = "inet security_groups"
# Answers to what was let through; what started a connection is held against the rules with each
# packet, so that a removed rule cuts it at once and one that stays never breaks it.
REPLIES = ("    ct direction reply ct state established accept", "    ct state related accept")


def render(snapshot: Snapshot) -> str:
    """The whole ruleset; loading it replaces the one before in one step."""
    running = [i for i in snapshot.instances if i.state == "running"]
    groups = {group.group_id: group for group in snapshot.groups}
    members = {
        group_id: sorted(str(a) for i in running if group_id in i.groups for a in i.addresses)
        for group_id in groups
    }
    lines = [f"table {TABLE}", f"delete table {TABLE}", f"table {TABLE} {{"]
    for instance in running:
        own = [groups[g] for g in instance.groups if g in groups]
        lines += _chain(f"out_{instance.link}", "daddr", _rules(own, "egress"), members)
        lines += _chain(f"in_{instance.link}", "saddr", _rules(own, "ingress"), members)
    lines += _base_chains(running)
    lines.append("}")
    return "\n".join(lines) + "\n"


def _rules(groups: Iterable[Group], direction: str) -> list[Rule]:
    return [
        rule
        for group in groups
        for rule in (group.ingress if direction == "ingress" else group.egress)
    ]


def _chain(
    name: str, side: str, rules: Iterable[Rule], members: Mapping[str, list[str]]
) -> list[str]:
    """A chain that returns what a rule allows and drops what none does."""
    matches = [
        f"    {_peers(rule, side, members)} {_protocol(rule)} return".replace("  return", " return")
        for rule in rules
        if _has_peers(rule, members)
    ]
    return [f"  chain {name} {{", *matches, "    counter drop", "  }"]


def _has_peers(rule: Rule, members: Mapping[str, list[str]]) -> bool:
    return bool(rule.networks) or any(members.get(group) for group in rule.groups)


def _peers(rule: Rule, side: str, members: Mapping[str, list[str]]) -> str:
    peers = [str(network) for network in rule.networks]
    peers += [address for group in rule.groups for address in members.get(group, [])]
    if str(IPv4Network("0.0.0.0/0")) in peers:
        return "meta nfproto ipv4"
    return f"ip {side} {_set(sorted(set(peers)))}"


def _protocol(rule: Rule) -> str:
    match rule.protocol:
        case "-1":
            return ""
        case "tcp" | "udp":
            return f"{rule.protocol} dport {rule.from_port}-{rule.to_port}"
        case "icmp":
            return "ip protocol icmp"
        case number:
            return f"ip protocol {number}"


def _base_chains(running: list[Instance]) -> list[str]:
    antispoof = [f"    iifname {i.link} ip saddr != {_set(i.addresses)} drop" for i in running]
    owned = [(address, i.link) for i in running for address in i.addresses]
    senders = ", ".join(f"{address} : jump out_{link}" for address, link in owned)
    receivers = ", ".join(f"{address} : jump in_{link}" for address, link in owned)
    out = [f"    ip saddr vmap {{ {senders} }}"] if running else []
    into = [f"    ip daddr vmap {{ {receivers} }}"] if running else []
    known = _set(address for address, _ in owned)
    to_known = [f"    ip daddr {known} accept"] if running else []
    internet = _set((settings.API_ADDRESS, settings.REGISTRY_ADDRESS))
    return [
        "  chain forward {",
        "    type filter hook forward priority 0; policy drop;",
        *antispoof,
        *REPLIES,
        *out,
        *into,
        *to_known,
        "    reject",  # addresses outside the VPC: fail at once instead of hanging
        "  }",
        "  chain input {",
        "    type filter hook input priority 0; policy drop;",
        "    iifname lo accept",
        "    udp dport 67 accept",
        *antispoof,
        *REPLIES,
        f"    ip daddr {settings.METADATA_ADDRESS} tcp dport 80 accept",
        f"    ip daddr {settings.RESOLVER_ADDRESS} udp dport 53 accept",
        f"    ip daddr {settings.RESOLVER_ADDRESS} tcp dport 53 accept",
        *out,
        f"    ip daddr {internet} tcp dport 443 accept",
        "    reject",
        "  }",
        "  chain output {",
        "    type filter hook output priority 0; policy accept;",
        *REPLIES,
        "    udp sport 67 accept",
        *into,
        "  }",
    ]


def _set(addresses: Iterable[object]) -> str:
    return f"{{ {', '.join(map(str, addresses))} }}"
