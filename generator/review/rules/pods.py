"""What happens to running pods: restarts, downtime, room, budgets, secrets."""

from collections.abc import Iterator

from generator.environment import nodes
from generator.review import changes, workloads
from generator.review.model import Applied, Case, Finding, Level, Side
from generator.validate import fields


def restart(case: Case) -> Iterator[Finding]:
    """A pod's template changes: its pods are replaced, with or without a gap."""
    for old, new in case.updated(*workloads.KINDS):
        if workloads.template(old) == workloads.template(new) or workloads.replicas(new) == 0:
            continue
        level, message = _rollout(new)
        yield Finding("restart", level, new.subject, f"{message} ({_reason(old, new, case)})")


def _rollout(workload: Applied) -> tuple[Level, str]:
    count = workloads.replicas(workload)
    if workload.at("spec", "updateStrategy", "type") == "OnDelete":
        return Level.ACTION, "pods stay as they are until someone deletes them"
    if workload.kind == "DaemonSet":
        return Level.RESTART, "its pods restart, node by node"
    if workload.kind == "StatefulSet":
        if count == 1:
            return Level.DOWNTIME, "its only pod stops before the new one starts"
        return Level.RESTART, f"its {count} pods restart one by one"
    serving = workloads.available(workload)
    if serving == 0:
        how = "all pods stop" if count > 1 else "its only pod stops"
        return Level.DOWNTIME, f"{how} before new ones start"
    serve = "serves" if serving == 1 else "serve"
    return Level.RESTART, f"pods are replaced, {serving} of {count} {serve} throughout"


def _reason(old: Applied, new: Applied, case: Case) -> str:
    """What differs in the template, in a few words."""
    sides = workloads.template(old), workloads.template(new)
    paths = [
        field.after if field.path == "(hashes)" else field.path.removeprefix("spec.")
        for field in changes.between(*sides, case.before, case.after)
    ]
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def scale(case: Case) -> Iterator[Finding]:
    """Fewer or more pods."""
    for old, new in case.updated("Deployment", "StatefulSet"):
        before, after = workloads.replicas(old), workloads.replicas(new)
        if after == 0 < before:
            yield Finding("scale", Level.DOWNTIME, new.subject, "is scaled to no pod at all")
        elif after != before:
            message = f"{before} pod{'s become' if before != 1 else ' becomes'} {after}"
            yield Finding("scale", Level.NO_RESTART, new.subject, message)


def budget(case: Case) -> Iterator[Finding]:
    """A disruption budget that leaves no pod to spare: every node drain waits for ever."""
    blocked = {item.key for item, _ in _blocking(case.before)}
    for item, count in _blocking(case.after):
        if item.key not in blocked:
            pods = "pod" if count == 1 else "pods"
            yield Finding(
                "budget",
                Level.ACTION,
                item.subject,
                f"lets none of {count} {pods} go: node drains and upgrades wait for ever",
                "raise replicas, or lower what the budget keeps",
            )


def _blocking(side: Side) -> Iterator[tuple[Applied, int]]:
    for item in side.of("PodDisruptionBudget"):
        selector = fields.mapping(item.values, "spec", "selector", "matchLabels")
        count = sum(map(workloads.replicas, workloads.selected(side, selector, item.namespace)))
        least, most = item.at("spec", "minAvailable"), item.at("spec", "maxUnavailable")
        spare = count
        if least is not None:
            spare = count - workloads.share(least, count, up=True)
        elif most is not None:
            spare = workloads.share(most, count, up=True)
        if count and spare <= 0:
            yield item, count


def room(case: Case) -> Iterator[Finding]:
    """Pods ask for more than the nodes have."""
    before, after = _lacking(case.before), _lacking(case.after)
    if after and after != before and not (before and before == after):
        cure = "choose larger or more nodes (cluster.nodes), or lower the requests"
        yield Finding("room", Level.ACTION, "cluster.nodes", after, cure)


def _lacking(side: Side) -> str:
    """Why not every pod finds a place; empty where all do."""
    env = side.environment
    node = nodes.allocatable(env.cluster.nodes.size) if env else None
    if not env or not node:
        return ""
    pool = env.cluster.nodes
    count = pool.max_count or pool.count
    wanted = [(item, *workloads.requests(item)) for item in side.of(*workloads.KINDS)]
    for item, cpu, memory in wanted:
        if cpu > node.cpu or memory > node.memory:
            return f"a pod of {item.subject} asks for {cpu}m and {memory}Mi, more than a node has"
    pods = [(cpu, memory, _most(item, count)) for item, cpu, memory in wanted]
    cpu = sum(cpu * number for cpu, _, number in pods) + nodes.SYSTEM[0]
    memory = sum(memory * number for _, memory, number in pods) + nodes.SYSTEM[1]
    if cpu <= node.cpu * count and memory <= node.memory * count:
        return ""
    return (
        f"pods and the system ask for {cpu}m and {memory}Mi, and {count} x {pool.size} have "
        f"{node.cpu * count}m and {node.memory * count}Mi: some pods stay pending"
    )


def _most(workload: Applied, node_count: int) -> int:
    """How many pods a workload has at once, during a rollout."""
    if workload.kind == "DaemonSet":
        return node_count
    return workloads.replicas(workload) + workloads.surge(workload)


def stale(case: Case) -> Iterator[Finding]:
    """What pods read when they start changes under its old name: they do not see it."""
    for change in case.changes:
        old, new = change.before, change.after
        if not old or not new or new.kind not in _READ or old.full_name != new.full_name:
            continue
        if all(old.at(key) == new.at(key) for key in ("data", "stringData", "spec")):
            continue
        readers = [
            item
            for item in case.after.of(*workloads.KINDS)
            if any(
                (source.kind, source.name) == (new.kind, new.full_name)
                for source in workloads.sources(item)
            )
            and not _restarts(case, item)
        ]
        if readers:
            message = f"changes, and {workloads.named(readers)} reads it only at a start"
            cure = "raise secrets.revision, or kubectl rollout restart"
            yield Finding("stale", Level.ACTION, new.subject, message, cure)


_READ = ("ConfigMap", "Secret", "SecretProviderClass")


def _restarts(case: Case, workload: Applied) -> bool:
    other = case.before.index.get(workload.key)
    return other is None or workloads.template(other) != workloads.template(workload)


def source(case: Case) -> Iterator[Finding]:
    """Pods name a Secret, a vault's class or a ConfigMap that nothing in Git brings any more."""
    for item in case.after.of(*workloads.KINDS):
        other = case.before.index.get(item.key)
        known = {(s.kind, s.name) for s in workloads.sources(other)} if other else set()
        for needed in workloads.sources(item):
            is_new = (needed.kind, needed.name) not in known
            if not _has(case.after, item, needed) and (is_new or _has(case.before, item, needed)):
                yield Finding(
                    "source",
                    Level.ACTION,
                    item.subject,
                    f"needs {needed.kind} {needed.name}, which nothing in Git brings"
                    + (" any more" if not is_new else "")
                    + ": its pods will not start",
                    "gen secrets init makes the secrets of an environment (docs/secrets.md)",
                )


def _has(side: Side, workload: Applied, needed: workloads.Source) -> bool:
    return any(
        item.full_name == needed.name and item.namespace == workload.namespace
        for item in side.of(needed.kind)
    )


RULES = {
    "restart": restart,
    "scale": scale,
    "budget": budget,
    "room": room,
    "stale": stale,
    "source": source,
}
