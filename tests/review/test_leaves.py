"""Every value of an environment file, changed in each direction that makes sense: the verdict."""

import json
import re
from pathlib import Path

import pytest

from generator.environment import reference
from generator.review.model import Level
from tests.review import repositories
from tests.review.repositories import git

UUID = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"
DIGEST = f"sha256:{'0' * 64}"
M = "apps.mlflow."
Z = Level
UNSET = None

# A key, what it was and becomes (UNSET: not in the file), what else stands in both, the verdict.
CHANGES = [
    ("azure.subscription", UUID, OTHER, {}, Z.DANGER),
    ("azure.location", "centralindia", "westeurope", {}, Z.ACTION),
    ("azure.resource_group", "rg-one", "rg-two", {}, Z.DANGER),
    ("azure.tags.team", UNSET, "ml", {}, Z.NO_RESTART),
    ("azure.tags.team", "ml", "data", {}, Z.NO_RESTART),
    ("azure.tags.team", "ml", UNSET, {}, Z.NO_RESTART),
    ("git.url", "https://example.org/one", "https://example.org/two", {}, Z.ACTION),
    ("git.branch", "main", "production", {}, Z.ACTION),
    ("git.auth", "none", "token", {}, Z.ACTION),
    ("git.auth", "token", "none", {}, Z.ACTION),
    ("cluster.name", "aks-one", "aks-two", {}, Z.DANGER),
    ("cluster.kubernetes_version", "1.36", "1.37", {}, Z.DOWNTIME),
    ("cluster.kubernetes_version", "1.36", "1.35", {}, Z.ACTION),
    ("cluster.kubernetes_version", "1.35", "1.37", {}, Z.ACTION),
    ("cluster.tier", "free", "standard", {}, Z.NO_RESTART),
    ("cluster.tier", "standard", "free", {}, Z.NO_RESTART),
    ("cluster.nodes.size", "Standard_D4as_v5", "Standard_D8as_v5", {}, Z.ACTION),
    ("cluster.nodes.size", "Standard_D8as_v5", "Standard_D4as_v5", {}, Z.ACTION),
    ("cluster.nodes.count", "1", "3", {}, Z.NO_RESTART),
    ("cluster.nodes.count", "3", "1", {}, Z.DOWNTIME),
    ("cluster.nodes.max_count", UNSET, "3", {}, Z.NO_RESTART),
    ("cluster.nodes.max_count", "3", "5", {}, Z.NO_RESTART),
    ("cluster.nodes.max_count", "5", "3", {}, Z.DOWNTIME),
    ("cluster.nodes.max_count", "3", UNSET, {}, Z.DOWNTIME),
    ("cluster.admins", "[]", f"[{UUID}]", {}, Z.NO_RESTART),
    ("cluster.admins", f"[{UUID}]", "[]", {}, Z.ACTION),
    ("secrets.provider", "key-vault", "sops", {}, Z.ACTION),
    ("secrets.provider", "sops", "key-vault", {}, Z.ACTION),
    ("secrets.key_vault", "kv-one", "kv-two", {}, Z.ACTION),
    ("secrets.key_vault", "kv-one", "kv-two", {"secrets.provider": "sops"}, Z.NOTHING),
    ("secrets.revision", "1", "2", {}, Z.DOWNTIME),
    ("secrets.revision", "2", "1", {}, Z.DOWNTIME),
    ("notifications.commit_status", "none", "github", {}, Z.ACTION),
    ("notifications.commit_status", "github", "none", {}, Z.NO_RESTART),
    ("notifications.chat", "none", "slack", {}, Z.ACTION),
    ("notifications.chat", "slack", "msteams", {}, Z.ACTION),
    ("notifications.chat", "msteams", "none", {}, Z.NO_RESTART),
    (f"{M}image.name", "burakince/mlflow", "registry.example.com/burakince/mlflow", {},
     Z.RESTART),
    (f"{M}image.tag", "2.22.0", "2.22.1", {}, Z.RESTART),
    (f"{M}image.tag", "2.22.0", "3.16.0", {}, Z.DANGER),
    (f"{M}image.tag", "2.22.1", "2.22.0", {}, Z.DANGER),
    (f"{M}image.digest", UNSET, DIGEST, {}, Z.RESTART),
    (f"{M}image.digest", DIGEST, UNSET, {}, Z.RESTART),
    (f"{M}image.migrate_without_denials", "false", "true", {f"{M}image.tag": "3.16.0"}, Z.DANGER),
    (f"{M}image.migrate_without_denials", "true", "false", {f"{M}image.tag": "3.16.0"}, Z.RESTART),
    (f"{M}replicas", "1", "3", {}, Z.RESTART),
    (f"{M}replicas", "3", "2", {}, Z.NO_RESTART),
    (f"{M}replicas", "2", "1", {}, Z.RESTART),
    (f"{M}workers", "1", "2", {}, Z.RESTART),
    (f"{M}workers", "2", "1", {}, Z.RESTART),
    (f"{M}resources.cpu", "250m", "500m", {}, Z.RESTART),
    (f"{M}resources.cpu", "500m", "250m", {}, Z.RESTART),
    (f"{M}resources.memory.request", "1Gi", "2Gi", {}, Z.RESTART),
    (f"{M}resources.memory.request", "2Gi", "1Gi", {}, Z.RESTART),
    (f"{M}resources.memory.limit", "2Gi", "3Gi", {}, Z.RESTART),
    (f"{M}resources.memory.limit", "3Gi", "2Gi", {}, Z.RESTART),
    (f"{M}auth.admin", "admin", "root", {}, Z.ACTION),
    (f"{M}auth.default_permission", "READ", "EDIT", {}, Z.RESTART),
    (f"{M}auth.default_permission", "EDIT", "READ", {}, Z.RESTART),
    (f"{M}exposure.kind", "internal", "load-balancer", {f"{M}exposure.dns_label": UNSET},
     Z.DANGER),
    (f"{M}exposure.kind", "load-balancer", "internal", {f"{M}exposure.dns_label": UNSET},
     Z.ACTION),
    (f"{M}exposure.allowed_networks", "[10.0.0.0/8]", "[10.0.0.0/8,192.0.2.0/24]", {},
     Z.NO_RESTART),
    (f"{M}exposure.allowed_networks", "[10.0.0.0/8]", "[0.0.0.0/0]", {}, Z.DANGER),
    (f"{M}exposure.allowed_networks", "[10.0.0.0/8]", "[10.0.0.0/9]", {}, Z.NO_RESTART),
    (f"{M}exposure.allowed_networks", "[10.0.0.0/8,192.0.2.0/24]", "[10.0.0.0/8]", {},
     Z.NO_RESTART),
    (f"{M}exposure.hosts", "[]", "[mlflow.example.org]", {f"{M}image.tag": "3.16.0"}, Z.RESTART),
    (f"{M}exposure.hosts", "[mlflow.example.org]", "[]", {f"{M}image.tag": "3.16.0"}, Z.ACTION),
    (f"{M}exposure.dns_label", UNSET, "mlflow-one", {}, Z.NO_RESTART),
    (f"{M}exposure.dns_label", "mlflow-one", "mlflow-two", {}, Z.ACTION),
    (f"{M}exposure.dns_label", "mlflow-one", UNSET, {}, Z.ACTION),
    (f"{M}exposure.tls.host", UNSET, "mlflow.example.com", {}, Z.ACTION),
    (f"{M}exposure.tls.host", "mlflow.example.com", "mlflow.example.org", {}, Z.ACTION),
    (f"{M}exposure.tls.host", "mlflow.example.com", UNSET, {}, Z.DANGER),
    (f"{M}exposure.tls.revision", "1", "2", {f"{M}exposure.tls.host": "mlflow.example.com"},
     Z.RESTART),
    (f"{M}exposure.tls.revision", "2", "1", {f"{M}exposure.tls.host": "mlflow.example.com"},
     Z.RESTART),
    (f"{M}database.storage", "8Gi", "16Gi", {}, Z.NO_RESTART),
    (f"{M}database.storage", "16Gi", "8Gi", {}, Z.ACTION),
    (f"{M}database.disk", UNSET, "pvc-1", {}, Z.ACTION),
    (f"{M}database.disk", "pvc-1", "pvc-2", {}, Z.ACTION),
    (f"{M}database.disk", "pvc-1", UNSET, {}, Z.ACTION),
    (f"{M}artifacts.account", "mlflowone0", "mlflowtwo0", {}, Z.DANGER),
    (f"{M}artifacts.container", "one", "two", {}, Z.DANGER),
    (f"{M}backup.keep", UNSET, "7", {f"{M}backup.schedule": UNSET}, Z.ACTION),
    (f"{M}backup.keep", "7", UNSET, {f"{M}backup.schedule": UNSET}, Z.DANGER),
    (f"{M}backup.keep", "7", "30", {}, Z.NO_RESTART),
    (f"{M}backup.keep", "30", "7", {}, Z.DANGER),
    (f"{M}backup.schedule", "17 2 * * *", "17 */6 * * *", {}, Z.NO_RESTART),
    (f"{M}artifacts.access", "account-key", "workload-identity",
     {f"{M}image.name": "ghcr.io/mlflow/mlflow", f"{M}image.tag": "v3.16.1-full"}, Z.RESTART),
    (f"{M}artifacts.access", "workload-identity", "account-key",
     {f"{M}image.name": "ghcr.io/mlflow/mlflow", f"{M}image.tag": "v3.16.1-full"}, Z.RESTART),
    (f"{M}delivery", "kustomize", "helm", {}, Z.DOWNTIME),
    (f"{M}delivery", "helm", "kustomize", {}, Z.DOWNTIME),
    (f"{M}image.tag", "2.22.0", "2.22.1", {f"{M}delivery": "helm"}, Z.RESTART),
    (f"{M}image.tag", "2.22.0", "3.16.0", {f"{M}delivery": "helm"}, Z.DANGER),
    (f"{M}workers", "2", "3", {f"{M}delivery": "helm"}, Z.RESTART),
    (f"{M}replicas", "1", "2", {f"{M}delivery": "helm"}, Z.RESTART),
    (f"{M}exposure.allowed_networks", "[10.0.0.0/8]", "[0.0.0.0/0]", {f"{M}delivery": "helm"},
     Z.DANGER),
]  # fmt: skip

# Of these only one word is possible today.
FIXED = {f"{M}database.kind"}

# Of these one name takes the place of another, and the way back is the same.
NAMES = {
    "azure.subscription", "azure.location", "azure.resource_group", "git.url", "git.branch",
    "cluster.name", "secrets.key_vault", f"{M}image.name", f"{M}auth.admin",
    f"{M}artifacts.account", f"{M}artifacts.container", f"{M}backup.schedule",
}  # fmt: skip


@pytest.fixture
def repo(tmp_path):
    return repositories.production(tmp_path / "repo")


def arguments(values):
    pairs = [f"{key}={value}" for key, value in values.items() if value is not UNSET]
    gone = [f"--unset={key}" for key, value in values.items() if value is UNSET]
    return [*gone, *pairs]


@pytest.mark.parametrize(
    ("key", "before", "after", "both", "level"),
    CHANGES,
    ids=[f"{key}-{before}-{after}-{len(both)}" for key, before, after, both, _ in CHANGES],
)
def test_a_value_changes(repo: Path, gen, key, before, after, both, level):
    gen("set", "--env", "prod", *arguments({**both, key: before}))
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=before")
    gen("set", "--env", "prod", *arguments({key: after}))

    said = json.loads(gen("diff", "--against", "HEAD", "--format", "json").output)

    found = said["environments"]
    assert [item["level"] for item in found] == ([level] if level else []), found


def test_every_value_of_the_schema_is_changed_there_and_back():
    """The reference has a row for every value, and one for a group that may be left out."""
    rows = re.findall(r"^\| `([\w.]+)`", reference.markdown(), re.MULTILINE)
    values = {row for row in rows if not any(other.startswith(f"{row}.") for other in rows)}
    values = values - {"azure.tags"} | {"azure.tags.team"}
    assert {key for key, *_ in CHANGES} == values - FIXED
    for key in values - FIXED - NAMES:
        was, became = (
            {change[place] for change in CHANGES if change[0] == key} for place in (1, 2)
        )
        assert was & became, f"{key} never goes back"
