"""NetworkPolicies -> whether a packet passes, as the Kubernetes API defines it.

A field that this does not know is an error: it would change the answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Policy = Mapping[str, Any]


@dataclass(frozen=True)
class Peer:
    """One end of a connection: a pod of the policies' namespace."""

    labels: Mapping[str, str]
    ports: Mapping[str, int] = field(default_factory=dict)
    """The numbers of its named ports."""


WORLD = None
"""The end that is no pod of this namespace: another's, a node, or outside."""


def passes(
    policies: Sequence[Policy],
    source: Peer | None,
    target: Peer | None,
    port: int,
    protocol: str = "TCP",
) -> bool:
    """Whether both ends let `source` open a connection to a port of `target`."""
    leaves = _allows(policies, "Egress", source, target, target, port, protocol)
    return leaves and enters(policies, source, target, port, protocol)


def enters(
    policies: Sequence[Policy],
    source: Peer | None,
    target: Peer | None,
    port: int,
    protocol: str = "TCP",
) -> bool:
    """Whether `target` takes the connection, whatever may leave `source`."""
    return _allows(policies, "Ingress", target, source, target, port, protocol)


def _allows(policies, direction, own, other, target, port, protocol):
    """Whether `own` end lets it pass: it does so unless a policy of that direction chooses it."""
    if own is WORLD:
        return True
    choosing = [
        spec
        for spec in (policy["spec"] for policy in policies)
        if direction in known(spec, *_SPEC)["policyTypes"] and _matches(spec["podSelector"], own)
    ]
    rules = [rule for spec in choosing for rule in spec.get(direction.lower(), ())]
    side = {"Ingress": "from", "Egress": "to"}[direction]
    return not choosing or any(
        _names(known(rule, side, "ports").get(side), other)
        and _opens(rule.get("ports"), target, port, protocol)
        for rule in rules
    )


_SPEC = ("podSelector", "policyTypes", "ingress", "egress")


def _names(peers, other):
    """Whether one of a rule's peers is `other`; a rule without peers means everybody."""
    return not peers or any(
        other is not WORLD and _matches(known(peer, "podSelector")["podSelector"], other)
        for peer in peers
    )


def _opens(ports, target, port, protocol):
    """Whether a rule's ports hold this one; a rule without ports means all of them."""
    named = target.ports if target is not WORLD else {}
    return not ports or any(
        known(entry, "port", "protocol").get("protocol", "TCP") == protocol
        and named.get(entry["port"], entry["port"]) == port
        for entry in ports
    )


def _matches(selector, peer):
    return known(selector, "matchLabels").get("matchLabels", {}).items() <= peer.labels.items()


def known(values, *keys):
    """Return `values`, which may hold nothing but `keys`."""
    assert values.keys() <= set(keys), values.keys() - set(keys)
    return values
