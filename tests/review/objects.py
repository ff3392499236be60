"""Small objects as the API server would take them, and copies that differ in one field."""

import copy

from generator import environment
from generator.environment import edit
from generator.render import infra
from generator.review import declared
from generator.review.model import Applied, Side
from tests.trees import MINIMAL


def made(kind, name, spec=None, *, api="v1", namespace="mlflow", annotations=None, **rest):
    metadata = {"name": name, "namespace": namespace, "annotations": annotations or {}}
    values = {"apiVersion": api, "kind": kind, "metadata": metadata, **rest}
    return values | ({} if spec is None else {"spec": spec})


def changed(values, path, value):
    """A copy with the field at `path` set, or gone where `value` is None."""
    result = copy.deepcopy(values)
    inner = result
    *parents, last = path.split("/")
    for key in parents:
        inner = inner[int(key)] if isinstance(inner, list) else inner.setdefault(key, {})
    if value is None:
        del inner[last]
    else:
        inner[int(last) if isinstance(inner, list) else last] = value
    return result


POD = {
    "metadata": {"labels": {"app": "web", "tier": "front"}},
    "spec": {
        "containers": [
            {
                "name": "web",
                "image": "burakince/mlflow:2.22.0",
                "env": [{"name": "PGDATA", "value": "/data/pgdata"}],
                "envFrom": [{"configMapRef": {"name": "settings"}}],
                "resources": {"requests": {"cpu": "250m", "memory": "1Gi"}},
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }
        ],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "secrets", "secret": {"secretName": "passwords"}},
        ],
    },
}
SELECTOR = {"matchLabels": {"app": "web"}}

DEPLOYMENT = made(
    "Deployment", "web", {"replicas": 1, "selector": SELECTOR, "template": POD}, api="apps/v1"
)
RELEASE = made(
    "HelmRelease",
    "web",
    {
        "chart": {"spec": {"chart": "web", "version": "1.0.0"}},
        "interval": "30m",
        "values": {"initContainers": [{"name": "first", "image": "burakince/mlflow:2.22.0"}]},
    },
    api="helm.toolkit.fluxcd.io/v2",
)
STATEFUL_SET = made(
    "StatefulSet",
    "db",
    {"replicas": 1, "serviceName": "db", "selector": SELECTOR, "template": POD},
    api="apps/v1",
)
DAEMON_SET = made("DaemonSet", "agent", {"selector": SELECTOR, "template": POD}, api="apps/v1")
JOB = made(
    "Job",
    "once",
    {
        "template": {
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "once", "image": "busybox:1"}],
            }
        }
    },
    api="batch/v1",
)
CLAIM = made(
    "PersistentVolumeClaim",
    "data",
    {
        "storageClassName": "kept",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "8Gi"}},
    },
)
KEPT_CLAIM = changed(
    CLAIM, "metadata/annotations", {"kustomize.toolkit.fluxcd.io/prune": "disabled"}
)
STORAGE_CLASS = made(
    "StorageClass",
    "kept",
    api="storage.k8s.io/v1",
    namespace="",
    provisioner="disk.csi.azure.com",
    parameters={"skuName": "one"},
    reclaimPolicy="Retain",
    allowVolumeExpansion=True,
)
NAMESPACE = made("Namespace", "mlflow", namespace="")
SETTINGS = made("ConfigMap", "settings", data={"PGHOST": "db", "WORKERS": "2"})
STARTS = made("ConfigMap", "mlflow", data={"authenticate.py": "#"})
PASSWORDS = made("Secret", "passwords", data={"password": "b25l"}, type="Opaque")
SERVICE = made(
    "Service",
    "web",
    {
        "type": "LoadBalancer",
        "selector": {"app": "web"},
        "ports": [{"port": 80, "targetPort": "http"}],
        "loadBalancerSourceRanges": ["203.0.113.0/24"],
    },
    annotations={"service.beta.kubernetes.io/azure-dns-label-name": "web"},
)
BUDGET = made(
    "PodDisruptionBudget", "web", {"minAvailable": 1, "selector": SELECTOR}, api="policy/v1"
)
POLICY = made("NetworkPolicy", "web", {"podSelector": SELECTOR}, api="networking.k8s.io/v1")
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
BINDING = made("RoleBinding", "reader", api="rbac.authorization.k8s.io/v1", roleRef=ROLE)
HEADLESS = made(
    "Service", "db", {"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 5432}]}
)
KUSTOMIZATION = made(
    "Kustomization",
    "part",
    {"path": "./apps/part", "prune": True},
    api="kustomize.toolkit.fluxcd.io/v1",
    namespace="flux-system",
)

PROVIDER = made(
    "Provider",
    "chat",
    {"type": "slack", "secretRef": {"name": "chat"}},
    api="notification.toolkit.fluxcd.io/v1beta3",
    namespace="flux-system",
)
WEBHOOK = made("Secret", "chat", namespace="flux-system", data={"address": "ENC[]"})


def env(**edits):
    """The smallest environment, with values set: `env(cluster__tier="standard")`."""
    locations = {tuple(key.split("__")): value for key, value in edits.items()}
    text = edit.assign(MINIMAL, locations)
    return environment.check("test", environment.parse("test", text))


def side(*objects, environment=None, owner="part", top=(KUSTOMIZATION,)):
    applied = [Applied(values, "") for values in top]
    [script] = infra.files(environment) if environment else [None]
    return Side(
        environment,
        (*applied, *(Applied(values, owner) for values in objects)),
        declared.resources(script.text) if script else None,
    )
