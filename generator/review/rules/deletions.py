"""What goes, what follows it, and what stays behind unseen."""

from collections.abc import Iterator

from generator.review import workloads
from generator.review.model import Applied, Case, Finding, Level
from generator.review.rules import backups, releases

DATA = ("PersistentVolumeClaim", "PersistentVolume", "Namespace", "StatefulSet", "StorageClass")
"""What holds data, or is what holds it by name."""

_LOST = ("PersistentVolumeClaim", "PersistentVolume", "Namespace")


_TELLING_SECRET = ("Secret", "flux-system")


def is_kept(item: Applied, case: Case) -> bool:
    """Whether Flux leaves `item` in the cluster when it has gone from Git."""
    if "disabled" in (item.marked("prune").lower(), item.marked("reconcile").lower()):
        return True
    if not item.owner:
        return False
    if owner := case.after.kustomization(item.owner):
        return owner.at("spec", "prune") is not True
    gone = case.before.kustomization(item.owner)
    return gone is not None and _is_orphaned(gone)


def _is_orphaned(kustomization: Applied) -> bool:
    """Whether what a Kustomization applied outlives it."""
    policy = kustomization.at("spec", "deletionPolicy") or "MirrorPrune"
    prunes = kustomization.at("spec", "prune") is True
    return policy == "Orphan" or (policy == "MirrorPrune" and not prunes)


def cascade(case: Case) -> Iterator[Finding]:
    """A Flux Kustomization that goes takes everything along that it applied."""
    for gone in case.deleted("Kustomization"):
        if not gone.is_kustomization or _is_orphaned(gone) or is_kept(gone, case):
            continue
        taken = [
            item
            for item in case.before.objects
            if item.owner == gone.name and not is_kept(item, case)
        ]
        lost = [item for item in taken if item.kind in DATA]
        yield Finding(
            "cascade",
            _level(taken, lost),
            gone.subject,
            f"goes, and Flux deletes what it applied: {workloads.named(lost or taken)}",
            "set spec.deletionPolicy: Orphan in a commit before this one to keep them",
        )


def _level(taken: list[Applied], lost: list[Applied]) -> Level:
    """Of Flux's own namespace goes what tells people: no client notices."""
    if lost:
        return Level.DANGER
    tells = all(
        item.group.startswith("notification.") or (item.kind, item.namespace) == _TELLING_SECRET
        for item in taken
    )
    return Level.NO_RESTART if tells else Level.DOWNTIME


def prune_data(case: Case) -> Iterator[Finding]:
    """Something that holds data goes, with what is in it."""
    for item in case.deleted(*_LOST):
        if not is_kept(item, case):
            what = "everything in it" if item.kind == "Namespace" else "its data"
            yield Finding(
                "prune-data",
                Level.DANGER,
                item.subject,
                f"is deleted with {what}",
                "keep it: annotate it kustomize.toolkit.fluxcd.io/prune: disabled, merge, then "
                f"remove it; or {backups.first(case)}",
            )


def stays_behind(case: Case) -> Iterator[Finding]:
    """Something goes from Git and stays in the cluster, where nobody looks after it."""
    for item in case.deleted():
        if is_kept(item, case):
            yield Finding(
                "stays-behind",
                Level.NO_RESTART,
                item.subject,
                "leaves Git and stays in the cluster; Flux no longer looks after it",
                "delete it by hand when nothing needs it",
            )


def moved(case: Case) -> Iterator[Finding]:
    """An object that another Kustomization takes over may be deleted in between."""
    for change in case.changes:
        old, new = change.before, change.after
        if not old or not new or old.owner == new.owner or is_kept(old, case):
            continue
        yield Finding(
            "moved",
            Level.DANGER if old.kind in _LOST else Level.DOWNTIME,
            new.subject,
            f"moves from {_owner(old)} to {_owner(new)}: the first may delete it after the "
            "second took it over",
            "merge kustomize.toolkit.fluxcd.io/prune: disabled for it first, and move it then",
        )


def _owner(item: Applied) -> str:
    return f"Kustomization {item.owner}" if item.owner else "clusters/"


def workload_goes(case: Case) -> Iterator[Finding]:
    """A workload or a Service goes, and nothing of its name takes its place."""
    for item in case.deleted("Deployment", "StatefulSet", "DaemonSet", "Service", "HelmRelease"):
        if not is_kept(item, case) and not releases.successor(item, case):
            yield Finding(
                "workload-goes", Level.DOWNTIME, item.subject, "is deleted: nothing answers there"
            )


def protection_goes(case: Case) -> Iterator[Finding]:
    """What protected pods goes while they stay."""
    for item in case.deleted("NetworkPolicy", "PodDisruptionBudget"):
        selector = item.at("spec", "podSelector", "matchLabels")
        if item.kind == "PodDisruptionBudget":
            selector = item.at("spec", "selector", "matchLabels")
        stays = workloads.selected(case.after, selector or {}, item.namespace)
        if stays and not is_kept(item, case) and not _is_one(item, stays):
            opened = item.kind == "NetworkPolicy"
            yield Finding(
                "protection-goes",
                Level.DANGER if opened else Level.NO_RESTART,
                item.subject,
                f"no longer protects {workloads.named(stays)}"
                + (": more of the cluster can reach it" if opened else " from node drains"),
            )


def _is_one(item: Applied, stays: list[Applied]) -> bool:
    """A budget for a single pod would only block every drain."""
    single = all(workloads.replicas(workload) == 1 for workload in stays)
    return item.kind == "PodDisruptionBudget" and single


RULES = {
    "cascade": cascade,
    "prune-data": prune_data,
    "stays-behind": stays_behind,
    "moved": moved,
    "workload-goes": workload_goes,
    "protection-goes": protection_goes,
}
