"""For every rule: what triggers it, with which verdict, and what looks alike and does not."""

from generator.review.model import Level, Side
from tests.review.objects import (
    BINDING,
    BUDGET,
    CLAIM,
    DAEMON_SET,
    DEPLOYMENT,
    HEADLESS,
    JOB,
    KEPT_CLAIM,
    KUSTOMIZATION,
    NAMESPACE,
    PASSWORDS,
    POLICY,
    PROVIDER,
    RELEASE,
    SERVICE,
    SETTINGS,
    STARTS,
    STATEFUL_SET,
    STORAGE_CLASS,
    WEBHOOK,
    changed,
    env,
    side,
)

NARROWER = {"matchLabels": {"app": "web", "tier": "front"}}
SUBJECT = {"kind": "User", "name": "a", "apiGroup": "rbac.authorization.k8s.io"}
IMAGE = "spec/template/spec/containers/0/image"
ADDED_IMAGE = "spec/values/initContainers/0/image"
REQUESTS = "spec/template/spec/containers/0/resources/requests"
RANGES = "spec/loadBalancerSourceRanges"
INTERNAL = changed(
    SERVICE,
    "metadata/annotations",
    {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"},
)
SUSPENDED = changed(KUSTOMIZATION, "spec/suspend", True)
FORCED = changed(KUSTOMIZATION, "spec/force", True)
UNPRUNED = changed(KUSTOMIZATION, "spec/prune", False)
WAITING = changed(KUSTOMIZATION, "spec/dependsOn", [{"name": "nowhere"}])
ORPHANING = changed(KUSTOMIZATION, "spec/deletionPolicy", "Orphan")
OTHER = changed(KUSTOMIZATION, "metadata/name", "other")
POSTGRES = changed(STATEFUL_SET, IMAGE, "postgres:17.11")
THREE = changed(DEPLOYMENT, "spec/replicas", 3)
ADMINISTERED = changed(SETTINGS, "data/ADMIN", "admin")
WITH_SOURCES = (SETTINGS, PASSWORDS)
ADMIN = "11111111-2222-3333-4444-555555555555"
FORCE = {"kustomize.toolkit.fluxcd.io/force": "enabled"}


def pair(values, path, value):
    return side(values), side(changed(values, path, value))


def both(*objects):
    return side(*objects, top=(KUSTOMIZATION, OTHER))


def values(**edits):
    """An environment's values that change, from the smallest one's."""
    return side(environment=env()), side(environment=env(**edits))


def https(host):
    return values(apps__mlflow__exposure__tls__host=host)


def named(hosts, *, tls=False, tag="2.22.0"):
    """An environment with further names."""
    edits = {"apps__mlflow__image__tag": tag, "apps__mlflow__exposure__hosts": hosts}
    host = {"apps__mlflow__exposure__tls__host": "mlflow.example.com"} if tls else {}
    return side(environment=env(**edits, **host))


OF_2 = side(environment=env())


def without_denials(*, migrate=True, default="READ"):
    return side(
        environment=env(
            apps__mlflow__image__tag="3.16.0",
            apps__mlflow__image__migrate_without_denials=migrate,
            apps__mlflow__auth__default_permission=default,
        )
    )


def backups(keep):
    return values(apps__mlflow__backup__keep=keep)


def moved():
    before = side(CLAIM, top=(KUSTOMIZATION, OTHER))
    return before, side(CLAIM, owner="other", top=(KUSTOMIZATION, OTHER))


def kept_and_moved():
    before = side(KEPT_CLAIM, top=(KUSTOMIZATION, OTHER))
    return before, side(KEPT_CLAIM, owner="other", top=(KUSTOMIZATION, OTHER))


VAULT = {"secrets__provider": "key-vault", "secrets__key_vault": "kv-one"}
OTHER_VAULT = {"secrets__provider": "key-vault", "secrets__key_vault": "kv-two"}
Z = Level

# A rule's name, both sides, and the verdict; None where the rule has nothing to say.
EXAMPLES = [
    ("stateful-set", *pair(STATEFUL_SET, "spec/serviceName", "other"), Z.ACTION),
    ("stateful-set", *pair(STATEFUL_SET, "spec/selector", NARROWER), Z.ACTION),
    ("stateful-set", *pair(STATEFUL_SET, "spec/volumeClaimTemplates", [CLAIM]), Z.ACTION),
    ("stateful-set", *pair(STATEFUL_SET, "spec/podManagementPolicy", "Parallel"), Z.ACTION),
    ("stateful-set", *pair(STATEFUL_SET, "spec/replicas", 2), None),
    ("selector", *pair(DEPLOYMENT, "spec/selector", NARROWER), Z.ACTION),
    ("selector", *pair(DEPLOYMENT, "spec/replicas", 2), None),
    ("job", *pair(JOB, "spec/template/spec/containers/0/image", "busybox:2"), Z.ACTION),
    ("job", *pair(JOB, "spec/suspend", True), None),
    ("claim-shrinks", *pair(CLAIM, "spec/resources/requests/storage", "4Gi"), Z.ACTION),
    ("claim-shrinks", *pair(CLAIM, "spec/resources/requests/storage", "8000Mi"), Z.ACTION),
    ("claim-shrinks", *pair(CLAIM, "spec/resources/requests/storage", "1Ti"), None),
    ("claim", *pair(CLAIM, "spec/storageClassName", "other"), Z.ACTION),
    ("claim", *pair(CLAIM, "spec/accessModes", ["ReadWriteMany"]), Z.ACTION),
    ("claim", *pair(CLAIM, "spec/resources/requests/storage", "9Gi"), None),
    ("storage-class", *pair(STORAGE_CLASS, "parameters/skuName", "two"), Z.ACTION),
    ("storage-class", *pair(STORAGE_CLASS, "reclaimPolicy", "Delete"), Z.ACTION),
    ("storage-class", *pair(STORAGE_CLASS, "allowVolumeExpansion", False), None),
    ("cluster-ip", *pair(HEADLESS, "spec/clusterIP", "10.0.0.7"), Z.ACTION),
    ("cluster-ip", *pair(HEADLESS, "spec/clusterIP", None), None),
    ("cluster-ip", side(changed(HEADLESS, "spec/clusterIP", None)), side(HEADLESS), Z.ACTION),
    ("cluster-ip", *pair(SERVICE, "spec/externalTrafficPolicy", "Local"), None),
    ("role-ref", *pair(BINDING, "roleRef/name", "edit"), Z.ACTION),
    ("role-ref", *pair(BINDING, "subjects", [SUBJECT]), None),
    ("frozen-data", *pair(SETTINGS | {"immutable": True}, "data/WORKERS", "3"), Z.ACTION),
    ("frozen-data", *pair(PASSWORDS, "type", "kubernetes.io/tls"), Z.ACTION),
    ("frozen-data", *pair(SETTINGS, "data/WORKERS", "3"), None),
    ("pod-labels", *pair(DEPLOYMENT, "spec/template/metadata/labels", {"app": "x"}), Z.ACTION),
    ("pod-labels", *pair(DEPLOYMENT, "spec/template/metadata/labels/more", "x"), None),
    ("cascade", both(CLAIM), side(top=(OTHER,)), Z.DANGER),
    ("cascade", both(SETTINGS), side(top=(OTHER,)), Z.DOWNTIME),
    ("cascade", both(PROVIDER, WEBHOOK), side(top=(OTHER,)), Z.NO_RESTART),
    ("cascade", side(CLAIM, top=(ORPHANING, OTHER)), side(top=(OTHER,)), None),
    ("cascade", side(CLAIM, top=(UNPRUNED, OTHER)), side(top=(OTHER,)), None),
    ("prune-data", side(CLAIM), side(), Z.DANGER),
    ("prune-data", side(NAMESPACE), side(), Z.DANGER),
    ("prune-data", side(KEPT_CLAIM), side(), None),
    ("prune-data", side(CLAIM, top=(UNPRUNED,)), side(top=(UNPRUNED,)), None),
    ("stays-behind", side(KEPT_CLAIM), side(), Z.NO_RESTART),
    ("stays-behind", side(CLAIM, top=(ORPHANING, OTHER)), side(top=(OTHER,)), Z.NO_RESTART),
    ("stays-behind", side(CLAIM), side(), None),
    ("moved", *moved(), Z.DANGER),
    ("moved", *kept_and_moved(), None),
    ("workload-goes", side(DEPLOYMENT), side(), Z.DOWNTIME),
    ("workload-goes", side(SERVICE), side(), Z.DOWNTIME),
    ("workload-goes", side(SETTINGS), side(), None),
    ("workload-goes", side(DEPLOYMENT), side(RELEASE), None),
    ("workload-goes", side(DEPLOYMENT, RELEASE), side(RELEASE), Z.DOWNTIME),
    ("workload-goes", side(RELEASE), side(), Z.DOWNTIME),
    ("permissions", side(STARTS), side(changed(STARTS, "data/routes.py", "#")), Z.ACTION),
    ("permissions", side(changed(STARTS, "data/routes.py", "#")), side(STARTS), Z.DANGER),
    ("permissions", side(SETTINGS), side(changed(SETTINGS, "data/routes.py", "#")), None),
    ("permissions", side(), side(changed(STARTS, "data/routes.py", "#")), None),
    ("delivery", side(DEPLOYMENT), side(RELEASE), Z.DOWNTIME),
    ("delivery", side(RELEASE), side(DEPLOYMENT), Z.DOWNTIME),
    ("delivery", side(RELEASE), side(), None),
    ("delivery", side(DEPLOYMENT, RELEASE), side(RELEASE), None),
    ("upgrade", *pair(RELEASE, "spec/chart/spec/version", "1.0.1"), Z.RESTART),
    ("upgrade", *pair(RELEASE, "spec/valuesFrom", [{"kind": "ConfigMap", "name": "a"}]), Z.RESTART),
    ("upgrade", *pair(RELEASE, "spec/interval", "1h"), None),
    ("image", *pair(RELEASE, ADDED_IMAGE, "burakince/mlflow:3.16.0"), Z.DANGER),
    ("image", *pair(RELEASE, ADDED_IMAGE, "burakince/mlflow:2.22.1"), None),
    ("endpoints", side(DEPLOYMENT, SERVICE), side(RELEASE, SERVICE), None),
    ("protection-goes", side(THREE, POLICY), side(THREE), Z.DANGER),
    ("protection-goes", side(THREE, BUDGET), side(THREE), Z.NO_RESTART),
    ("protection-goes", side(DEPLOYMENT, BUDGET), side(DEPLOYMENT), None),
    ("protection-goes", side(DEPLOYMENT, POLICY), side(), None),
    ("renamed", side(CLAIM), side(changed(CLAIM, "metadata/name", "new")), Z.DANGER),
    (
        "renamed",
        side(STATEFUL_SET),
        side(changed(STATEFUL_SET, "metadata/namespace", "new")),
        Z.DANGER,
    ),
    ("renamed", side(SERVICE), side(changed(SERVICE, "metadata/name", "new")), None),
    ("database-moves", *pair(SETTINGS, "data/PGHOST", "elsewhere"), Z.DANGER),
    (
        "database-moves",
        *pair(STATEFUL_SET, "spec/template/spec/volumes/0/persistentVolumeClaim/claimName", "new"),
        Z.DANGER,
    ),
    (
        "database-moves",
        *pair(STATEFUL_SET, "spec/template/spec/containers/0/env/0/value", "/data/other"),
        Z.DANGER,
    ),
    ("database-moves", *pair(SETTINGS, "data/WORKERS", "3"), None),
    ("admin-stays", *pair(ADMINISTERED, "data/ADMIN", "root"), Z.ACTION),
    ("admin-stays", side(SETTINGS), side(ADMINISTERED), None),
    ("image", *pair(DEPLOYMENT, IMAGE, "burakince/mlflow:2.21.9"), Z.DANGER),
    ("image", *pair(DEPLOYMENT, IMAGE, "burakince/mlflow:3.1.0"), Z.DANGER),
    ("image", *pair(DEPLOYMENT, IMAGE, "ghcr.io/mlflow/mlflow:v3.16.1-full"), Z.DANGER),
    ("image", *pair(DEPLOYMENT, IMAGE, "burakince/mlflow:main"), Z.ACTION),
    ("denials", OF_2, without_denials(), Z.DANGER),
    ("denials", without_denials(migrate=False), without_denials(), Z.DANGER),
    ("denials", without_denials(), without_denials(), None),
    ("denials", OF_2, without_denials(default="NO_PERMISSIONS"), None),
    ("denials", OF_2, without_denials(migrate=False), None),
    ("image", *pair(POSTGRES, IMAGE, "postgres:18.1"), Z.DANGER),
    ("image", *pair(POSTGRES, IMAGE, "postgres:16.15"), Z.DANGER),
    ("image", *pair(POSTGRES, IMAGE, "postgres:17.12"), None),
    ("image", *pair(DEPLOYMENT, IMAGE, "burakince/mlflow:2.22.1"), None),
    ("image", *pair(DEPLOYMENT, IMAGE, f"burakince/mlflow:2.22.0@sha256:{'0' * 64}"), None),
    ("restart", *pair(DEPLOYMENT, IMAGE, "web:2"), Z.RESTART),
    (
        "restart",
        *pair(changed(DEPLOYMENT, "spec/strategy", {"type": "Recreate"}), IMAGE, "web:2"),
        Z.DOWNTIME,
    ),
    (
        "restart",
        *pair(
            changed(DEPLOYMENT, "spec/strategy", {"rollingUpdate": {"maxUnavailable": 1}}),
            IMAGE,
            "web:2",
        ),
        Z.DOWNTIME,
    ),
    ("restart", *pair(STATEFUL_SET, IMAGE, "web:2"), Z.DOWNTIME),
    ("restart", *pair(changed(STATEFUL_SET, "spec/replicas", 2), IMAGE, "web:2"), Z.RESTART),
    (
        "restart",
        *pair(changed(STATEFUL_SET, "spec/updateStrategy", {"type": "OnDelete"}), IMAGE, "web:2"),
        Z.ACTION,
    ),
    ("restart", *pair(DAEMON_SET, IMAGE, "web:2"), Z.RESTART),
    ("restart", *pair(changed(DEPLOYMENT, "spec/replicas", 0), IMAGE, "web:2"), None),
    ("restart", *pair(DEPLOYMENT, "spec/replicas", 2), None),
    ("scale", *pair(DEPLOYMENT, "spec/replicas", 0), Z.DOWNTIME),
    ("scale", *pair(DEPLOYMENT, "spec/replicas", 2), Z.NO_RESTART),
    ("scale", *pair(DEPLOYMENT, IMAGE, "web:2"), None),
    ("budget", side(THREE, BUDGET), side(DEPLOYMENT, BUDGET), Z.ACTION),
    (
        "budget",
        side(THREE, BUDGET),
        side(THREE, changed(BUDGET, "spec/minAvailable", "100%")),
        Z.ACTION,
    ),
    ("budget", side(THREE, BUDGET), side(changed(THREE, "spec/replicas", 2), BUDGET), None),
    ("budget", side(DEPLOYMENT, BUDGET), side(DEPLOYMENT, BUDGET), None),
    (
        "room",
        side(DEPLOYMENT, environment=env()),
        side(changed(DEPLOYMENT, f"{REQUESTS}/cpu", "4"), environment=env()),
        Z.ACTION,
    ),
    (
        "room",
        side(DEPLOYMENT, environment=env()),
        side(
            changed(changed(DEPLOYMENT, f"{REQUESTS}/cpu", "1"), "spec/replicas", 5),
            environment=env(),
        ),
        Z.ACTION,
    ),
    (
        "room",
        side(DEPLOYMENT, environment=env()),
        side(changed(DEPLOYMENT, f"{REQUESTS}/cpu", "1"), environment=env()),
        None,
    ),
    (
        "stale",
        side(DEPLOYMENT, *WITH_SOURCES),
        side(DEPLOYMENT, changed(SETTINGS, "data/WORKERS", "3"), PASSWORDS),
        Z.ACTION,
    ),
    (
        "stale",
        side(DEPLOYMENT, *WITH_SOURCES),
        side(DEPLOYMENT, SETTINGS, changed(PASSWORDS, "data/password", "dHdv")),
        Z.ACTION,
    ),
    (
        "stale",
        side(DEPLOYMENT, *WITH_SOURCES),
        side(changed(DEPLOYMENT, IMAGE, "x:2"), changed(SETTINGS, "data/WORKERS", "3"), PASSWORDS),
        None,
    ),
    ("source", side(DEPLOYMENT, *WITH_SOURCES), side(DEPLOYMENT, SETTINGS), Z.ACTION),
    ("source", side(SETTINGS), side(DEPLOYMENT, SETTINGS), Z.ACTION),
    ("source", side(DEPLOYMENT), side(DEPLOYMENT), None),
    ("source", side(*WITH_SOURCES), side(DEPLOYMENT, *WITH_SOURCES), None),
    ("exposure", *pair(SERVICE, RANGES, ["0.0.0.0/0"]), Z.DANGER),
    ("exposure", *pair(SERVICE, RANGES, None), Z.DANGER),
    ("exposure", *pair(SERVICE, RANGES, ["203.0.113.0/24", "::/0"]), Z.DANGER),
    ("exposure", side(INTERNAL), side(SERVICE), Z.DANGER),
    ("exposure", *pair(SERVICE, RANGES, ["203.0.113.0/24", "192.0.2.0/24"]), Z.NO_RESTART),
    ("exposure", side(), side(SERVICE), Z.NO_RESTART),
    ("exposure", *pair(SERVICE, RANGES, ["203.0.113.0/25"]), None),
    ("exposure", side(SERVICE), side(INTERNAL), None),
    ("shut-out", *pair(SERVICE, RANGES, ["203.0.113.0/25"]), Z.NO_RESTART),
    ("shut-out", *pair(SERVICE, RANGES, ["203.0.0.0/16"]), None),
    ("address", side(SERVICE), side(INTERNAL), Z.ACTION),
    ("address", *pair(SERVICE, "spec/type", "ClusterIP"), Z.ACTION),
    ("address", *pair(SERVICE, "spec/ports/0/port", 8080), Z.ACTION),
    ("address", *pair(SERVICE, "metadata/annotations", {}), Z.ACTION),
    ("address", *pair(SERVICE, RANGES, ["0.0.0.0/0"]), None),
    (
        "endpoints",
        side(DEPLOYMENT, SERVICE),
        side(DEPLOYMENT, changed(SERVICE, "spec/selector/app", "other")),
        Z.DOWNTIME,
    ),
    ("tls", *https("mlflow.example.com"), Z.ACTION),
    ("tls", *https("mlflow.example.com")[::-1], Z.DANGER),
    ("tls", https("mlflow.example.com")[1], https("mlflow.example.org")[1], Z.ACTION),
    ("tls", https("mlflow.example.com")[1], https("mlflow.example.com")[1], None),
    ("tls", named([], tls=True), named(["a.example"], tls=True), Z.ACTION),
    ("tls", named(["a.example"], tls=True), named([], tls=True), None),
    ("tls", named([]), named(["a.example"]), None),
    ("address", named(["a.example"], tls=True), named(["b.example"], tls=True), Z.ACTION),
    ("address", named(["a.example"], tag="3.16.0"), named([], tag="3.16.0"), Z.ACTION),
    ("address", named(["A.example."], tag="3.16.0"), named(["a.example"], tag="3.16.0"), None),
    ("address", named(["a.example"]), named([]), None),
    ("endpoints", side(DEPLOYMENT, SERVICE), side(DEPLOYMENT, SERVICE), None),
    ("suspended", side(), side(top=(SUSPENDED,)), Z.ACTION),
    ("suspended", side(top=(SUSPENDED,)), side(), None),
    ("forced", side(), side(top=(FORCED,)), Z.DANGER),
    ("forced", *pair(STATEFUL_SET, "metadata/annotations", FORCE), Z.DANGER),
    ("forced", side(top=(FORCED,)), side(), None),
    ("waits", side(), side(top=(WAITING,)), Z.ACTION),
    (
        "waits",
        side(),
        side(top=(KUSTOMIZATION, changed(OTHER, "spec/dependsOn", [{"name": "part"}]))),
        None,
    ),
    ("keeps", side(), side(top=(UNPRUNED,)), Z.NO_RESTART),
    ("keeps", side(top=(UNPRUNED,)), side(), None),
    ("unsent", side(), side(PROVIDER), Z.ACTION),
    ("unsent", side(), side(PROVIDER, WEBHOOK), None),
    ("unsent", side(PROVIDER, WEBHOOK), side(PROVIDER), Z.ACTION),
    ("unsent", side(PROVIDER), side(PROVIDER), None),
    ("unsent", side(PROVIDER), side(changed(PROVIDER, "spec/type", "msteams")), Z.ACTION),
    ("azure-fixed", *values(cluster__nodes__size="Standard_D8as_v5"), Z.ACTION),
    ("azure-fixed", *values(azure__location="westeurope"), Z.ACTION),
    ("azure-fixed", *values(azure__resource_group="rg-other"), Z.DANGER),
    ("azure-fixed", *values(azure__subscription=ADMIN), Z.DANGER),
    ("azure-fixed", *values(cluster__name="aks-other"), Z.DANGER),
    ("azure-fixed", *values(apps__mlflow__artifacts__account="other0"), Z.DANGER),
    ("azure-fixed", *values(apps__mlflow__artifacts__container="other0"), Z.DANGER),
    (
        "azure-fixed",
        side(environment=env(apps__mlflow__database__disk="pvc-1")),
        side(environment=env(apps__mlflow__database__disk="pvc-2")),
        Z.ACTION,
    ),
    ("azure-fixed", *values(apps__mlflow__database__disk="pvc-1"), None),
    ("azure-fixed", side(environment=env(**VAULT)), side(environment=env(**OTHER_VAULT)), Z.ACTION),
    ("azure-fixed", *values(secrets__key_vault="kv-unused"), None),
    ("azure-fixed", *values(cluster__tier="standard"), None),
    ("azure-version", *values(cluster__kubernetes_version="1.37"), Z.DOWNTIME),
    ("azure-version", *values(cluster__kubernetes_version="1.35"), Z.ACTION),
    (
        "azure-version",
        side(environment=env(cluster__kubernetes_version="1.35")),
        side(environment=env(cluster__kubernetes_version="1.37")),
        Z.ACTION,
    ),
    ("azure-version", *values(cluster__tier="standard"), None),
    (
        "azure-nodes",
        side(environment=env(cluster__nodes__count=3)),
        side(environment=env()),
        Z.DOWNTIME,
    ),
    ("azure-nodes", *values(cluster__nodes__count=3), None),
    ("azure-cost", *values(cluster__nodes__count=3), Z.NO_RESTART),
    ("azure-cost", *values(cluster__nodes__max_count=3), Z.NO_RESTART),
    ("azure-cost", *values(cluster__nodes__size="Standard_D8as_v5"), Z.NO_RESTART),
    ("azure-cost", *values(cluster__tier="premium"), Z.NO_RESTART),
    ("azure-cost", side(environment=env(cluster__nodes__count=3)), side(environment=env()), None),
    ("azure-orphaned", side(environment=env(**VAULT)), side(environment=env()), Z.ACTION),
    (
        "azure-orphaned",
        side(environment=env(cluster__admins=[ADMIN])),
        side(environment=env()),
        Z.ACTION,
    ),
    ("azure-orphaned", *values(cluster__name="aks-other"), Z.ACTION),
    ("azure-orphaned", *values(apps__mlflow__artifacts__container="other0"), Z.ACTION),
    ("azure-orphaned", *values(cluster__admins=[ADMIN]), None),
    ("azure-orphaned", *values(cluster__tier="standard"), None),
    ("azure-made", *values(cluster__admins=[ADMIN]), Z.NO_RESTART),
    ("azure-made", *values(cluster__tier="standard"), None),
    ("azure-made", side(environment=env(cluster__admins=[ADMIN])), side(environment=env()), None),
    ("azure-granted", *values(cluster__admins=[ADMIN]), Z.NO_RESTART),
    ("azure-granted", *values(cluster__tier="standard"), None),
    ("azure-in-place", *values(azure__tags__owner="me"), Z.NO_RESTART),
    ("azure-in-place", *values(cluster__tier="standard"), Z.NO_RESTART),
    ("azure-in-place", *values(apps__mlflow__replicas=2), None),
    ("azure-followed", *values(git__branch="other"), Z.ACTION),
    ("azure-followed", *values(cluster__tier="standard"), None),
    ("secrets-move", *values(**VAULT), Z.ACTION),
    ("secrets-move", *values(secrets__revision=2), None),
    ("backup", *backups(7), Z.ACTION),
    ("backup", *backups(7)[::-1], Z.DANGER),
    ("backup", backups(7)[1], backups(6)[1], Z.DANGER),
    ("backup", backups(7)[1], backups(8)[1], None),
    ("environment", Side(), side(environment=env()), Z.ACTION),
    ("environment", side(environment=env()), Side(), Z.ACTION),
    ("environment", side(environment=env()), side(environment=env()), None),
]
