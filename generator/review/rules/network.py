"""Who can reach the server, and whether its clients still find it."""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any

from generator.review import workloads
from generator.review.model import Applied, Case, Finding, Level
from generator.review.rules import releases
from generator.validate import fields

_ANNOTATION = "service.beta.kubernetes.io/azure-"
_TLS = "apps.mlflow.exposure.tls"
_HOSTS = "apps.mlflow.exposure.hosts"
_WHOLE = ("0.0.0.0/0", "::/0")


def exposure(case: Case) -> Iterator[Finding]:
    """A balancer opens to more networks, or to the internet."""
    for old, new in case.updated("Service"):
        if _is_balancer(new):
            yield from _opened(new, _networks(old) if _is_balancer(old) else [], _is_public(old))
    for new in case.created("Service"):
        if _is_balancer(new):
            yield from _opened(new, [], was_public=True)  # new, and meant to be reached


def _opened(new: Applied, before: Sequence[str], was_public: bool) -> Iterator[Finding]:
    after = _networks(new)
    added = [network for network in after if not _within(network, before)]
    goes_public = _is_public(new) and not was_public
    if added and set(added) & set(_WHOLE) and _is_public(new):
        over = "TLS" if _speaks_tls(new) else "clear text"
        message = f"opens to the whole internet, with basic authentication over {over}"
        cure = "list the networks of your clients in allowed_networks"
        yield Finding("exposure", Level.DANGER, new.subject, message, cure)
    elif goes_public:
        message = f"gets a public address, open to {', '.join(after)}"
        warning = "passwords cross the internet in clear text until TLS is on (docs/tls.md)"
        cure = "" if _speaks_tls(new) else warning
        yield Finding("exposure", Level.DANGER, new.subject, message, cure)
    elif added:
        message = f"opens to {', '.join(added)}{' too' if before else ''}"
        yield Finding("exposure", Level.NO_RESTART, new.subject, message)


def shut_out(case: Case) -> Iterator[Finding]:
    """A balancer closes to networks that could reach it."""
    for old, new in case.updated("Service"):
        if not _is_balancer(old) or not _is_balancer(new):
            continue
        after = _networks(new)
        closed = [network for network in _networks(old) if not _within(network, after)]
        if closed:
            message = f"clients in {', '.join(closed)} that the rest does not cover are shut out"
            yield Finding("shut-out", Level.NO_RESTART, new.subject, message)


def _speaks_tls(service: Applied) -> bool:
    ports = fields.items(service.values, "spec", "ports")
    return bool(ports) and all(port.get("appProtocol") == "https" for port in ports)


def _is_balancer(service: Applied) -> bool:
    return bool(service.at("spec", "type") == "LoadBalancer")


def _annotation(service: Applied, name: str) -> Any:
    return service.at("metadata", "annotations", f"{_ANNOTATION}{name}")


def _is_public(service: Applied) -> bool:
    return _is_balancer(service) and not _is_internal(service)


def _is_internal(service: Applied) -> bool:
    return bool(_annotation(service, "load-balancer-internal") == "true")


def _networks(service: Applied) -> list[str]:
    """Who may reach a balancer; without a list, everybody who has a way to it."""
    ranges = service.at("spec", "loadBalancerSourceRanges")
    return [str(item) for item in ranges] if isinstance(ranges, list) and ranges else [_WHOLE[0]]


def _within(network: str, others: Sequence[str]) -> bool:
    try:
        inner = ipaddress.ip_network(network)
        return any(_covers(ipaddress.ip_network(other), inner) for other in others)
    except ValueError:
        return network in others


def _covers(outer: Any, inner: Any) -> bool:
    return bool(outer.version == inner.version and inner.subnet_of(outer))


def address(case: Case) -> Iterator[Finding]:
    """Clients find the server at another address, port or name."""
    for old, new in case.updated("Service"):
        if _is_balancer(old) and not _is_balancer(new):
            yield _lost(new, "loses its balancer, and with it its address outside the cluster")
        elif _is_balancer(old) and _is_public(old) != _is_public(new):
            yield _lost(new, "gets another address: the balancer is made anew")
        for name, words in (("dns-label-name", "name"), ("pip-name", "address")):
            before, after = _annotation(old, name), _annotation(new, name)
            if before and before != after:
                yield _lost(new, f"its {words} {before} becomes {after or 'none'}")
        gone = _ports(old) - _ports(new)
        if gone:
            yield _lost(new, f"port {', '.join(map(str, sorted(gone)))} closes")
    for name in _forgotten(case):
        message = f"{name} is no name of the server any more: whoever uses it is refused"
        yield Finding("address", Level.ACTION, _HOSTS, message, "tell every client")


def _forgotten(case: Case) -> Iterator[str]:
    """Further names that go, where the server answers to no other name."""
    before, after = case.before.environment, case.after.environment
    if before and after:
        mlflow = after.apps.mlflow
        if mlflow.exposure.tls or mlflow.image.series.checks_host:
            yield from (
                name for name in before.apps.mlflow.exposure.hosts if name not in after.hosts
            )


def _lost(item: Applied, message: str) -> Finding:
    return Finding("address", Level.ACTION, item.subject, message, "tell every client")


def _ports(service: Applied) -> set[int]:
    return {int(port["port"]) for port in fields.items(service.values, "spec", "ports") if port}


def tls(case: Case) -> Iterator[Finding]:
    """https begins, ends, or is for another host or one more."""
    before, after = case.before.environment, case.after.environment
    if not before or not after:
        return
    old, new = before.apps.mlflow.exposure.tls, after.apps.mlflow.exposure.tls
    if old and not new:
        message = "user names and passwords cross the network in clear text from then on"
        yield Finding("tls", Level.DANGER, _TLS, message)
    elif new and (not old or new.host != old.host):
        was = f"https://{old.host}" if old else "http"
        names = " and ".join(f"https://{host}" for host in after.hosts)
        message = f"{was} -> {names}: nothing else answers from then on"
        cure = (
            "before you merge, give the secrets tls-certificate and tls-key for it and let its "
            "name lead to the balancer (docs/tls.md); tell every client"
        )
        yield Finding("tls", Level.ACTION, _TLS, message, cure)
    elif new and (names := ", ".join(host for host in after.hosts if host not in before.hosts)):
        message = f"the server is asked for {names} too, by https"
        cure = f"before you merge, see that the certificate is for {names} (docs/tls.md)"
        yield Finding("tls", Level.ACTION, _HOSTS, message, cure)


def endpoints(case: Case) -> Iterator[Finding]:
    """A Service chooses no pod any more."""
    for service in case.after.of("Service"):
        other = case.before.index.get(service.key)
        selector = fields.mapping(service.values, "spec", "selector")
        if not selector or workloads.selected(case.after, selector, service.namespace):
            continue
        if releases.unseen(case.after, service.namespace):
            continue
        old = fields.mapping(other.values, "spec", "selector") if other else {}
        if other and old and workloads.selected(case.before, old, service.namespace):
            message = "chooses no pod any more: nothing answers there"
            yield Finding("endpoints", Level.DOWNTIME, service.subject, message)


RULES = {
    "exposure": exposure,
    "shut-out": shut_out,
    "address": address,
    "tls": tls,
    "endpoints": endpoints,
}
