"""clusters/<env>/: what Flux reconciles, and in which order."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from generator import yaml
from generator.environment import Environment
from generator.files import File, header
from generator.render import notifications

# Flux's namespace, source and decryption key have the names that `flux bootstrap` and the AKS
# extension give them.
NAMESPACE = "flux-system"
SOURCE = "flux-system"
DECRYPTION_KEY = "sops-age"

FACTS = "azure-facts"
"""The ConfigMap with what only exists after provisioning: the client id and the tenant id."""


def files(env: Environment) -> Iterator[File]:
    """Yield a Flux Kustomization for what holds data, for the server, and for what Flux says."""
    vault = env.secrets.provider == "key-vault"
    identity = env.apps.mlflow.artifacts.access == "workload-identity"
    yield _kustomization(env, "data", facts=vault, decryption=not vault)
    yield _kustomization(env, "server", facts=identity, depends_on="data")
    if notifications.are_sent(env):
        yield _kustomization(env, notifications.FOLDER, decryption=not vault)


def _kustomization(
    env: Environment,
    part: str,
    *,
    facts: bool = False,
    decryption: bool = False,
    depends_on: str | None = None,
) -> File:
    spec: dict[str, object] = {}
    if depends_on:
        spec["dependsOn"] = [{"name": f"mlflow-{depends_on}"}]
    spec |= {
        "interval": "1h",
        "retryInterval": "2m",
        "timeout": "10m",  # the first start pulls an image of a gigabyte and migrates
        "sourceRef": {"kind": "GitRepository", "name": SOURCE},
        "path": f"./apps/mlflow/overlays/{env.name}/{part}",
        "prune": True,
        "wait": True,
    }
    if decryption:
        spec["decryption"] = {"provider": "sops", "secretRef": {"name": DECRYPTION_KEY}}
    if facts:  # not optional: without the ids nothing rolls out
        spec["postBuild"] = {"substituteFrom": [{"kind": "ConfigMap", "name": FACTS}]}
    manifest = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": f"mlflow-{part}", "namespace": NAMESPACE},
        "spec": spec,
    }
    path = PurePosixPath("clusters", env.name, f"mlflow-{part}.yaml")
    return File(path, header(env.name) + yaml.dump(manifest))
