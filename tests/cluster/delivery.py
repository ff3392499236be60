"""This repository and a cluster -> the one delivered to the other, as a user does it with Git.

The user's copy is a repository of its own: values are edited in it, `gen` renders them, a push
is what Flux sees.
"""

import base64
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from generator.environment import edit
from generator.yaml import Location
from tests.cluster.rig import Cluster, blobs, flux, repository
from tests.cluster.rig.client import Object, condition, is_ready
from tests.cluster.rig.flux import Flavour
from tests.cluster.rig.programs import ROOT
from tests.cluster.rig.repository import Repository
from tests.cluster.tracking import Tracking

NAMESPACE = "mlflow"
FACTS = {"azure_client_id": "11111111-1111-4111-8111-111111111111",
         "azure_tenant_id": "22222222-2222-4222-8222-222222222222"}  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    """A user's copy of this repository, and the cluster that follows it."""

    cluster: Cluster
    repository: Repository
    environment: str
    key: Path
    """The age key's file."""

    def gen(self, *command: str, value: str = "") -> None:
        """Run gen in the copy; `value` goes to its standard input."""
        done = subprocess.run(
            [sys.executable, "-m", "generator", *command],
            cwd=self.repository.work,
            env={**os.environ, "SOPS_AGE_KEY_FILE": str(self.key), "PYTHONPATH": str(ROOT)},
            input=value,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def set(self, **values: edit.Value) -> None:
        """Change values of the app, a__b for a.b, and render."""
        file = self.repository.work / "environments" / f"{self.environment}.yaml"
        located: dict[Location, edit.Value] = {
            ("apps", "mlflow", *key.split("__")): value for key, value in values.items()
        }
        file.write_text(edit.assign(file.read_text(), located))
        self.gen("render", "--env", self.environment)

    @property
    def first(self) -> str:
        """The revision of the first commit, as Flux names it."""
        commit = repository.git(self.repository.work, "rev-list", "--max-parents=0", "HEAD")
        return f"{repository.BRANCH}@sha1:{commit}"

    def restore(self) -> None:
        """Make the copy what it was at first, and wait until the cluster is too."""
        commit = self.first.partition(":")[2]
        repository.git(self.repository.work, "reset", "--quiet", "--hard", commit)
        self.push("Nothing new")
        self.wait(self.first)

    def push(self, message: str) -> str:
        """Commit and push everything, and have Flux look; return the revision as Flux names it."""
        revision = f"{repository.BRANCH}@sha1:{self.repository.push(message)}"
        if self.cluster.client.get("GitRepository", flux.NAMESPACE, namespace=flux.NAMESPACE):
            flux.reconcile(self.cluster.client, "GitRepository", flux.NAMESPACE)
        return revision

    def follow(self) -> None:
        """Point Flux to the copy, as Azure's Flux configuration or `flux bootstrap` does."""
        url = self.cluster.serve(self.repository.bare.parent)
        source = flux.source(f"{url}/{self.repository.bare.name}", repository.BRANCH)
        self.cluster.client.apply(source, *self._roots())

    def wait(self, revision: str, *names: str, seconds: float = 120) -> None:
        """Wait until Kustomizations have applied a revision and what they made is ready."""
        for name in names or ("mlflow-data", "mlflow-server"):
            self.cluster.client.wait_for(
                "Kustomization",
                name,
                lambda found: (
                    is_ready(found) and found["status"].get("lastAppliedRevision") == revision
                ),
                namespace=flux.NAMESPACE,
                seconds=seconds,
            )

    def says(self, name: str, text: str, *, seconds: float = 60) -> Object:
        """Wait until a Kustomization is not Ready and says why with `text`."""
        return self.cluster.client.wait_for(
            "Kustomization",
            name,
            lambda found: (
                condition(found).get("status") == "False"
                and text in condition(found).get("message", "")
            ),
            namespace=flux.NAMESPACE,
            seconds=seconds,
        )

    @property
    def address(self) -> str:
        """The load balancer's address of MLflow."""

        def given(service: Object) -> bool:
            return bool(service["status"]["loadBalancer"])

        found = self.cluster.client.wait_for("Service", "mlflow", given, namespace=NAMESPACE)
        return str(found["status"]["loadBalancer"]["ingress"][0]["ip"])

    def tracking(self) -> Tracking:
        """MLflow, as its administrator reaches it."""
        found = self.cluster.client.get("Secret", "mlflow-secrets", namespace=NAMESPACE)
        assert found, "no secrets: the first delivery is not done"
        password = base64.b64decode(found["data"]["admin-password"]).decode()
        return Tracking(self.address, "admin", password)

    def _roots(self) -> list[Object]:
        path = f"./clusters/{self.environment}"
        if self.cluster.flavour is Flavour.BOOTSTRAP:
            return [flux.kustomization(flux.NAMESPACE, path, wait=False)]
        facts = flux.kustomization(
            "flux-system-facts", "./infra/facts", prune=False, postBuild={"substitute": FACTS}
        )
        depends = [{"name": "flux-system-facts"}]
        return [
            facts,
            flux.kustomization("flux-system-cluster", path, wait=False, dependsOn=depends),
        ]


def copy(cluster: Cluster, environment: str) -> Delivery:
    """Make a user's copy, with secrets of its own where they are in Git, not yet followed."""
    made = repository.create(cluster.place.folder, environment)
    for path in _files():
        (made.work / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, made.work / path)
    key = cluster.place.folder / f"{environment}.agekey"
    delivery = Delivery(cluster, made, environment, key)
    values = YAML(typ="safe").load((made.work / f"environments/{environment}.yaml").read_text())
    if values["secrets"]["provider"] == "sops":
        artifacts = values["apps"]["mlflow"]["artifacts"]
        connection = blobs.start(
            cluster.place,
            cluster.programs,
            cluster.surroundings,
            artifacts["account"],
            artifacts.get("container", "artifactroot"),
        )
        delivery.gen("secrets", "init", "--env", environment)
        name = "storage-connection-string"
        delivery.gen("secrets", "set", "--env", environment, name, value=connection)
        cluster.client.apply(_key_secret(key))
    delivery.gen("render", "--env", environment)
    return delivery


def _files() -> list[str]:
    """This repository as the next commit would have it."""
    listed = repository.git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return [path for path in listed.split("\0") if (ROOT / path).is_file()]


def _key_secret(key: Path) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "sops-age", "namespace": flux.NAMESPACE},
        "stringData": {"age.agekey": key.read_text()},
    }
