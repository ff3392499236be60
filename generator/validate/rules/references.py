"""Everything that an object names must be there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from generator.errors import Problem
from generator.secrets import table
from generator.validate import fields, pods
from generator.validate.cluster import FLUX, Cluster, Key
from generator.validate.objects import Object

# What is in the cluster though this repository does not put it there.
_GIVEN: frozenset[Key] = frozenset(
    [
        ("GitRepository", FLUX, FLUX),  # the repository itself: flux bootstrap, or Azure
        ("Secret", FLUX, FLUX),  # what opens it
        ("Secret", FLUX, "sops-age"),  # the age key, put there by hand
        *(("Namespace", "", name) for name in ("default", "kube-system", FLUX)),
        *(("StorageClass", "", name) for name in ("default", "managed-csi", "managed-csi-premium")),
    ]
)

_STORE = "secrets-store.csi.x-k8s.io"

# The fields of a pod that name an object: its kind, and the key below the field that holds the
# name, or none where the field itself does.
_NAMED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "configMap": ("ConfigMap", ("name",)),
    "configMapKeyRef": ("ConfigMap", ("name",)),
    "configMapRef": ("ConfigMap", ("name",)),
    "imagePullSecrets": ("Secret", ("name",)),
    "nodePublishSecretRef": ("Secret", ("name",)),
    "persistentVolumeClaim": ("PersistentVolumeClaim", ("claimName",)),
    "secret": ("Secret", ("secretName", "name")),  # a volume's, and a projected one's
    "secretKeyRef": ("Secret", ("name",)),
    "secretProviderClass": ("SecretProviderClass", ()),
    "secretRef": ("Secret", ("name",)),
    "serviceAccountName": ("ServiceAccount", ()),
}


@dataclass(frozen=True)
class Reference:
    """A field of an object that names another, and the keys that it wants of that."""

    object: Object
    field: str
    kind: str
    namespace: str
    name: str
    keys: tuple[str, ...] = ()


def reference(cluster: Cluster) -> Iterator[Problem]:
    """A name that no object has, or a key that the object does not hold."""
    produced = _produced(cluster)
    for wanted in _references(cluster):
        key = wanted.kind, wanted.namespace, wanted.name
        where = f" in namespace {wanted.namespace}" if wanted.namespace else ""
        if key not in produced and not _is_given(key):
            message = f"no {wanted.kind} {wanted.name}{where}"
            yield wanted.object.problem(wanted.field, message)
        elif (held := produced.get(key)) is not None:
            for name in sorted(set(wanted.keys) - held - _awaited(wanted)):
                message = f"{wanted.kind} {wanted.name} has no {name}"
                yield wanted.object.problem(wanted.field, message)


def _awaited(wanted: Reference) -> set[str]:
    """The keys that only Azure can make: `secrets.awaited` asks for those."""
    if (wanted.kind, wanted.name) != ("Secret", table.KUBERNETES_SECRET):
        return set()
    return {secret.name for secret in table.TABLE if not secret.generated}


def namespace(cluster: Cluster) -> Iterator[Problem]:
    """An object in a namespace that nothing makes."""
    for item in cluster.objects:
        key = "Namespace", "", item.namespace
        if item.namespace and key not in cluster.index and key not in _GIVEN:
            yield item.problem("metadata.namespace", f"no Namespace {item.namespace}")


def _is_given(key: Key) -> bool:
    kind, _, name = key
    return key in _GIVEN or (kind, name) == ("ServiceAccount", "default")


def _produced(cluster: Cluster) -> dict[Key, set[str] | None]:
    """Every object that is made, and the keys that it holds where those are known."""
    produced: dict[Key, set[str] | None] = {}
    for item in cluster.running:
        key = item.kind, item.namespace, item.name
        data = {**fields.mapping(item.values, "data"), **fields.mapping(item.values, "stringData")}
        produced[key] = set(data) if item.kind in ("ConfigMap", "Secret") else None
        if item.kind == "SecretProviderClass":  # the driver copies it into Secrets
            for secret in fields.items(item.values, "spec", "secretObjects"):
                held = {fields.text(entry, "key") for entry in fields.items(secret, "data")}
                produced["Secret", item.namespace, fields.text(secret, "secretName")] = held
    for kept in table.kept(cluster.environment):
        if cluster.environment.secrets.provider == "sops" or kept is not table.PODS:
            # Made by gen secrets, or handed over by the provisioning script.
            names = {one.key for one in table.needed(cluster.environment) if one.kept == kept}
            produced.setdefault(("Secret", kept.namespace, kept.name), names)
    return produced


def _references(cluster: Cluster) -> Iterator[Reference]:
    for pod in pods.find(cluster.running):
        yield from _of_pod(pod)
    for item in cluster.objects:
        yield from _of(item)


def _of_pod(pod: pods.Pod) -> Iterator[Reference]:
    for field, name, value in fields.walk(pod.spec, pod.at):
        if name in _NAMED and fields.at(value, "optional") is not True:
            kind, where = _NAMED[name]
            names = (fields.text(value, key) for key in where) if where else iter([value])
            if found := next((name for name in names if name and isinstance(name, str)), ""):
                keys = tuple(_keys(value))
                yield Reference(pod.object, field, kind, pod.object.namespace, found, keys)


def _keys(value: Any) -> Iterator[str]:
    """The keys that an environment variable or a volume takes out of a ConfigMap or Secret."""
    for entry in (value, *fields.items(value, "items")):
        if key := fields.text(entry, "key"):
            yield key


def _of(item: Object) -> Iterator[Reference]:
    """What objects other than pods name."""
    spec = fields.mapping(item.values, "spec")
    match item.kind:
        case "StatefulSet":
            yield from _one(item, "Service", "spec.serviceName", spec.get("serviceName"))
        case "PersistentVolumeClaim":
            name = spec.get("storageClassName")
            yield from _one(item, "StorageClass", "spec.storageClassName", name, "")
        case "RoleBinding" | "ClusterRoleBinding":
            yield from _of_binding(item)
        case "HorizontalPodAutoscaler":
            yield from _typed(item, "spec.scaleTargetRef", fields.mapping(spec, "scaleTargetRef"))
    if item.is_flux:
        yield from _of_flux(item, spec)


def _of_flux(item: Object, spec: fields.Fields) -> Iterator[Reference]:
    for field in (("sourceRef",), ("chartRef",), ("chart", "spec", "sourceRef")):
        yield from _typed(item, ".".join(("spec", *field)), fields.mapping(spec, *field))
    for secret in (("secretRef",), ("decryption", "secretRef"), ("verify", "secretRef")):
        name = fields.at(spec, *secret, "name")
        yield from _one(item, "Secret", ".".join(("spec", *secret, "name")), name)
    yield from _one(
        item, "Provider", "spec.providerRef.name", fields.at(spec, "providerRef", "name")
    )
    for account in (("serviceAccountName",), ("decryption", "serviceAccountName")):
        name = fields.at(spec, *account)
        yield from _one(item, "ServiceAccount", ".".join(("spec", *account)), name)
    lists = ("healthChecks",), ("postBuild", "substituteFrom"), ("valuesFrom",)
    for keys in lists:
        for number, entry in enumerate(fields.items(spec, *keys)):
            for found in _typed(item, f"{'.'.join(('spec', *keys))}[{number}]", entry):
                wanted = fields.text(entry, "valuesKey")
                yield replace(found, keys=(wanted,)) if wanted else found


def _of_binding(item: Object) -> Iterator[Reference]:
    for number, subject in enumerate(fields.items(item.values, "subjects")):
        if subject.get("kind") == "ServiceAccount":
            yield from _typed(item, f"subjects[{number}]", subject)
    role = fields.mapping(item.values, "roleRef")
    if role.get("kind") == "Role":
        yield from _typed(item, "roleRef", role)


def _typed(item: Object, field: str, reference: fields.Fields) -> Iterator[Reference]:
    """A reference that says its kind, and perhaps its namespace."""
    kind, name = fields.text(reference, "kind"), fields.text(reference, "name")
    if kind and name and reference.get("optional") is not True:
        where = fields.text(reference, "namespace") or item.namespace
        yield Reference(item, f"{field}.name", kind, where, name)


def _one(
    item: Object, kind: str, field: str, name: Any, namespace: str | None = None
) -> Iterator[Reference]:
    """A reference that is a name, by default of something in the same namespace."""
    if name and isinstance(name, str):
        where = item.namespace if namespace is None else namespace
        yield Reference(item, field, kind, where, name)
