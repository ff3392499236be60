"""A change of one value changes exactly the files that the value reaches."""

import pytest

from generator.environment import edit
from tests.trees import MINIMAL, tree, write

DATA, SERVER = "apps/mlflow/overlays/test/data", "apps/mlflow/overlays/test/server"
KUSTOMIZATION, PATCHES = f"{SERVER}/kustomization.yaml", f"{SERVER}/patches.yaml"
CLUSTER = "clusters/test/mlflow-data.yaml"
SCRIPT = "infra/test/azure-resource-provisioning.sh"
FULL = "ghcr.io/mlflow/mlflow"

REACH = {
    "azure.resource_group=rg-other": [f"{DATA}/patches.yaml"],
    "azure.location=westeurope": [],
    "cluster.name=aks-other": [],
    "cluster.nodes.count=2": [],
    "secrets.revision=2": [f"{DATA}/patches.yaml", PATCHES],
    "secrets.key_vault=kv-other": [],
    "apps.mlflow.image.tag=2.22.1": [KUSTOMIZATION],
    "apps.mlflow.image.digest=sha256:" + "0" * 64: [KUSTOMIZATION],
    "apps.mlflow.replicas=2": [KUSTOMIZATION],
    "apps.mlflow.workers=3": [KUSTOMIZATION],
    "apps.mlflow.resources.cpu=300m": [PATCHES],
    "apps.mlflow.resources.memory.limit=3Gi": [PATCHES],
    "apps.mlflow.auth.admin=root": [KUSTOMIZATION],
    "apps.mlflow.auth.default_permission=EDIT": [KUSTOMIZATION],
    "apps.mlflow.exposure.kind=internal": [KUSTOMIZATION],
    "apps.mlflow.exposure.dns_label=mlflow": [PATCHES],
    "apps.mlflow.database.storage=16Gi": [f"{DATA}/patches.yaml"],
    "apps.mlflow.database.disk=pvc-1": [
        f"{DATA}/disk.yaml",
        f"{DATA}/kustomization.yaml",
        f"{DATA}/patches.yaml",
    ],
    "apps.mlflow.artifacts.account=other": [KUSTOMIZATION],
    "apps.mlflow.artifacts.container=other": [KUSTOMIZATION],
}


def changed(repo, gen, before, after):
    write(repo, "environments/test.yaml", before)
    gen("render")
    old = tree(repo)
    write(repo, "environments/test.yaml", after)
    gen("render")
    new = tree(repo)
    paths = {path for path in {**old, **new} if old.get(path) != new.get(path)}
    return sorted(paths - {"environments/test.yaml", SCRIPT})


@pytest.mark.parametrize("change", REACH)
def test_a_value_reaches(change, repo, gen):
    key, _, value = change.partition("=")
    location = tuple(key.split("."))
    after = edit.assign(MINIMAL, {location: int(value) if value.isdecimal() else value})
    assert changed(repo, gen, MINIMAL, after) == sorted(REACH[change])


def test_another_provider_reaches_the_mounts_and_the_decryption(repo, gen):
    after = MINIMAL.replace("provider: sops", "provider: key-vault\n  key_vault: kv-mlflow")
    assert changed(repo, gen, MINIMAL, after) == [
        f"{DATA}/kustomization.yaml",
        f"{DATA}/patches.yaml",
        f"{DATA}/secret-provider-classes.yaml",
        PATCHES,
        CLUSTER,
    ]


def test_workload_identity_reaches_the_secrets_and_the_substitution(repo, gen):
    image = f"    image: {{name: {FULL}, tag: v3.16.1-full}}\n    exposure:"
    before = MINIMAL.replace("    exposure:", image)
    assert changed(repo, gen, before, before + "      access: workload-identity\n") == [
        KUSTOMIZATION,
        PATCHES,
        "clusters/test/mlflow-server.yaml",
    ]
