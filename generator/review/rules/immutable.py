"""What the API server refuses to change in place: Flux then stops at the whole Kustomization."""

from collections.abc import Iterator, Sequence

from generator.review import workloads
from generator.review.model import Applied, Case, Finding, Level
from generator.validate import fields

_STOPS = "the API server refuses it, and Flux stops at the whole Kustomization {}"


def _refused(rule: str, item: Applied, field: str, cure: str) -> Finding:
    return _stops(rule, item, f"{field} cannot change", cure)


def _stops(rule: str, item: Applied, what: str, cure: str) -> Finding:
    message = f"{what}: {_STOPS.format(item.owner or 'of the cluster')}"
    return Finding(rule, Level.ACTION, item.subject, message, cure)


def _changed(old: Applied, new: Applied, *fields_: Sequence[str]) -> Iterator[str]:
    for keys in fields_:
        if old.at(*keys) != new.at(*keys):
            yield ".".join(keys)


def stateful_set(case: Case) -> Iterator[Finding]:
    """Of a StatefulSet only pods, replicas and how they are replaced can change."""
    for old, new in case.updated("StatefulSet"):
        fixed = (("spec", name) for name in _FIXED)
        for field in _changed(old, new, *fixed):
            cure = "kubectl delete statefulset --cascade=orphan, then Flux makes it anew"
            yield _refused("stateful-set", new, field, cure)


_FIXED = ("volumeClaimTemplates", "serviceName", "selector", "podManagementPolicy")


def selector(case: Case) -> Iterator[Finding]:
    """A Deployment's, DaemonSet's or ReplicaSet's selector stays as it was made."""
    for old, new in case.updated("Deployment", "DaemonSet", "ReplicaSet"):
        for field in _changed(old, new, ("spec", "selector")):
            cure = f"give the new {new.kind} another name, or delete the old one first (downtime)"
            yield _refused("selector", new, field, cure)


def job(case: Case) -> Iterator[Finding]:
    """A Job's pods and selector stay as they were made."""
    for old, new in case.updated("Job"):
        for field in _changed(old, new, ("spec", "template"), ("spec", "selector")):
            cure = "give the Job a new name, or annotate it kustomize.toolkit.fluxcd.io/force"
            yield _refused("job", new, field, cure)


def claim_shrinks(case: Case) -> Iterator[Finding]:
    """A claim grows, and never shrinks."""
    for old, new in case.updated("PersistentVolumeClaim"):
        sizes = [side.at("spec", "resources", "requests", "storage") for side in (old, new)]
        before, after = map(workloads.quantity, sizes)
        if after < before:
            what = f"{sizes[0]} -> {sizes[1]}: a claim never shrinks"
            yield _stops("claim-shrinks", new, what, f"set the size back to {sizes[0]}")


def claim(case: Case) -> Iterator[Finding]:
    """A claim's class, volume and access modes stay as they were made."""
    for old, new in case.updated("PersistentVolumeClaim"):
        names = ("storageClassName", "accessModes", "volumeName", "volumeMode", "selector")
        for field in _changed(old, new, *(("spec", name) for name in names)):
            cure = "make a second claim beside it, and move the data by backup and restore"
            yield _refused("claim", new, field, cure)


def storage_class(case: Case) -> Iterator[Finding]:
    """Of a StorageClass only expansion and mount options can change."""
    names = ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode")
    for old, new in case.updated("StorageClass"):
        for field in _changed(old, new, *((name,) for name in names)):
            cure = "kubectl delete storageclass (disks stay), then Flux makes it anew"
            yield _refused("storage-class", new, field, cure)


def cluster_ip(case: Case) -> Iterator[Finding]:
    """A Service keeps its cluster address, or keeps having none."""
    for old, new in case.updated("Service"):
        before, after = old.at("spec", "clusterIP"), new.at("spec", "clusterIP")
        if after and before != after:  # where it is left out, the API server keeps what there is
            cure = "delete the Service first (downtime), or give the new one another name"
            yield _refused("cluster-ip", new, "spec.clusterIP", cure)


def role_ref(case: Case) -> Iterator[Finding]:
    """A binding keeps the role that it binds."""
    for old, new in case.updated("RoleBinding", "ClusterRoleBinding"):
        for field in _changed(old, new, ("roleRef",)):
            cure = "give the new binding another name; Flux removes the old one"
            yield _refused("role-ref", new, field, cure)


def frozen_data(case: Case) -> Iterator[Finding]:
    """What is marked immutable stays, and so does a Secret's type."""
    for old, new in case.updated("ConfigMap", "Secret"):
        same_name = old.full_name == new.full_name
        if same_name and old.at("immutable") is True:
            for field in _changed(old, new, ("data",), ("binaryData",), ("immutable",)):
                yield _refused("frozen-data", new, field, "give the new one another name")
        if same_name and old.kind == "Secret":
            for field in _changed(old, new, ("type",)):
                yield _refused("frozen-data", new, field, "give the new Secret another name")


def pod_labels(case: Case) -> Iterator[Finding]:
    """A workload's selector must choose its own pods."""
    for _, new in case.updated(*workloads.KINDS):
        wanted = fields.mapping(new.values, "spec", "selector", "matchLabels")
        if not wanted.items() <= workloads.labels(new).items():
            cure = "give the pods every label of spec.selector.matchLabels"
            yield _stops("pod-labels", new, "spec.selector does not choose its own pods", cure)


RULES = {
    "stateful-set": stateful_set,
    "selector": selector,
    "job": job,
    "claim-shrinks": claim_shrinks,
    "claim": claim,
    "storage-class": storage_class,
    "cluster-ip": cluster_ip,
    "role-ref": role_ref,
    "frozen-data": frozen_data,
    "pod-labels": pod_labels,
}
