"""This repository and a cluster -> the one delivered to the other, as a user does it with Git.

The user's copy is a repository of its own: values are edited in it, `gen` renders them, a push
is what Flux sees.
"""

import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyrage
from ruamel.yaml import YAML

from generator.environment import mlflow
from tests.cluster.rig import Cluster, blobs, flux, http, repository
from tests.cluster.rig.client import Object, condition, is_ready
from tests.cluster.rig.flux import Flavour
from tests.cluster.rig.programs import ROOT
from tests.cluster.rig.repository import Repository
from tests.cluster.rig.timeline import Timeline
from tests.cluster.rig.waiting import wait_for
from tests.cluster.tracking import Tracking

NAMESPACE = "mlflow"
FACTS = {"azure_client_id": "11111111-1111-4111-8111-111111111111",
         "azure_tenant_id": "22222222-2222-4222-8222-222222222222"}  # fmt: skip


@dataclass
class Delivery:
    """A user's copy of this repository, and the cluster that follows it."""

    cluster: Cluster
    repository: Repository
    environment: str
    key: Path
    """The age key's file."""
    timeline: Timeline
    """How the first delivery went."""
    changes: Sequence[str] = ()
    """Values that this cluster needs to be others than in this repository."""
    data_ready: str = ""
    """When what holds data was ready in it, in the words of the API server."""

    def gen(self, *command: str, value: str = "") -> None:
        """Run the copy's own gen in it; `value` goes to its standard input."""
        done = subprocess.run(
            [sys.executable, "-m", "generator", *command],
            cwd=self.repository.work,
            env={**os.environ, "SOPS_AGE_KEY_FILE": str(self.key), "PYTHONPATH": "."},
            input=value,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def set(self, *values: str) -> None:
        """Change values and render, as a user does: key=value, from the top of the file."""
        if values:
            self.gen("set", "--env", self.environment, *values)

    @property
    def values(self) -> Object:
        """The environment's file, as it is now."""
        file = self.repository.work / "environments" / f"{self.environment}.yaml"
        values: Object = YAML(typ="safe").load(file.read_text())
        return values

    def other_key(self) -> Path:
        """Return the file of a key that can open nothing."""
        file = self.key.with_name("other.agekey")
        file.write_text(str(pyrage.x25519.Identity.generate()))
        return file

    def by_hand(self, *command: str, value: str = "") -> str:
        """Run kubectl, as a person does who goes past Git; return what it said."""
        done = subprocess.run(
            [*self.cluster.kubectl, *command], input=value, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def restore(self, commit: str = "HEAD") -> None:
        """Bring the files of a commit back; `push` makes them the newest."""
        repository.git(self.repository.work, "rm", "-r", "--quiet", "--force", ".")
        repository.git(self.repository.work, "checkout", commit, "--", ".")

    def replace(self, path: str, old: str, new: str) -> None:
        """Change a file of the copy by hand."""
        file = self.repository.work / path
        text = file.read_text()
        assert old in text, f"{path} does not hold {old!r}"
        file.write_text(text.replace(old, new, 1))

    def take_over(self, commit: str = "") -> None:
        """Take over all files of a commit, or of this work tree, beside the copy's own secrets."""
        work = self.repository.work
        own = [path for path in [*work.rglob("*.sops.yaml"), work / ".sops.yaml"] if path.exists()]
        kept = {path: path.read_bytes() for path in own}
        repository.git(work, "rm", "-r", "--quiet", "--force", ".")
        lay(work, commit)
        for path, content in kept.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.set(*self.changes)
        self.gen("render", "--env", self.environment)

    def push(self, message: str) -> str:
        """Commit and push everything, and have Flux look; return the revision as Flux names it."""
        revision = f"{repository.BRANCH}@sha1:{self.repository.push(message)}"
        if self.cluster.client.get("GitRepository", flux.NAMESPACE, namespace=flux.NAMESPACE):
            flux.reconcile(self.cluster.client, "GitRepository", flux.NAMESPACE)
        return revision

    def follow(self, *, facts: bool = True) -> None:
        """Point Flux to the copy, as Azure's Flux configuration or `flux bootstrap` does."""
        url = self.cluster.serve(self.repository.bare.parent)
        source = flux.source(f"{url}/{self.repository.bare.name}", repository.BRANCH)
        self.cluster.client.apply(source, self.root)
        if facts:
            self.learn()

    def wait(self, revision: str, *names: str, seconds: float = 300) -> None:
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

    def says(self, name: str, text: str, *, seconds: float = 120) -> Object:
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
        """MLflow, as its administrator reaches it, as soon as it answers."""
        return self.tracking_at(self.address)

    def tracking_at(self, address: str) -> Tracking:
        """MLflow at another address than its Service's, such as one with a port."""
        found = self.cluster.client.get("Secret", "mlflow-secrets", namespace=NAMESPACE)
        assert found, "no secrets: the first delivery is not done"
        password = base64.b64decode(found["data"]["admin-password"]).decode()
        # Flux is done when pods are ready; kube-proxy hears of them a moment later.
        wait_for("answer", lambda: http.answers(f"http://{address}/health"))
        return Tracking(address, "admin", password)

    @property
    def root(self) -> Object:
        """The Kustomization that follows the environment's folder in clusters/."""
        path = f"./clusters/{self.environment}"
        if self.cluster.flavour is Flavour.BOOTSTRAP:
            return flux.kustomization(flux.NAMESPACE, path, wait=False)
        depends = [{"name": "flux-system-facts"}]
        return flux.kustomization("flux-system-cluster", path, wait=False, dependsOn=depends)

    def learn(self) -> None:
        """Hand the facts over: Azure puts them into its Flux configuration, a person makes them."""
        substitute = {"substitute": FACTS}
        if self.cluster.flavour is Flavour.AKS_EXTENSION:
            facts = flux.kustomization(
                "flux-system-facts", "./infra/facts", prune=False, postBuild=substitute
            )
        else:
            facts = YAML(typ="safe").load((ROOT / "infra/facts/azure-facts.yaml").read_text())
            facts["data"] = FACTS
        self.cluster.client.apply(facts)


def first(made: Delivery) -> Delivery:
    """Deliver a copy to its empty cluster, and note when what happened."""
    client = made.cluster.client
    timeline = made.timeline = Timeline("From the first push to an answer")
    revision = made.push("First commit")
    timeline.mark("pushed")
    made.follow()
    client.wait_for(
        "GitRepository",
        flux.NAMESPACE,
        lambda found: "artifact" in found.get("status", {}),
        namespace=flux.NAMESPACE,
    )
    timeline.mark("fetched")
    made.wait(revision, "mlflow-data")
    timeline.mark("PostgreSQL ready on its claim")
    data = client.get("Kustomization", "mlflow-data", namespace=flux.NAMESPACE)
    made.data_ready = condition(data or {})["lastTransitionTime"]
    wait_for("answer", lambda: http.answers(f"http://{made.address}/health"), seconds=300)
    timeline.mark("MLflow answers through its Service")
    made.wait(revision)
    timeline.mark("all of Flux's Kustomizations ready")
    return made


def copy(
    cluster: Cluster, environment: str, commit: str = "", changes: Sequence[str] = ()
) -> Delivery:
    """Make a user's copy of this work tree or of an older commit, not yet followed.

    It has secrets of its own where they are in Git.
    """
    made = repository.create(cluster.place.folder, environment)
    lay(made.work, commit)
    key = cluster.place.folder / f"{environment}.agekey"
    delivery = Delivery(cluster, made, environment, key, Timeline(environment), changes)
    delivery.set(*changes)
    values = delivery.values
    if values["secrets"]["provider"] == "sops":
        artifacts = values["apps"]["mlflow"]["artifacts"]
        connection = blobs.start(
            cluster.place,
            cluster.programs,
            cluster.surroundings,
            artifacts["account"],
            artifacts.get("container", "artifactroot"),
            mlflow.BACKUPS,
        )
        delivery.gen("secrets", "init", "--env", environment)
        name = "storage-connection-string"
        delivery.gen("secrets", "set", "--env", environment, name, value=connection)
        cluster.client.apply(key_secret(key))
    delivery.gen("render", "--env", environment)
    return delivery


def lay(folder: Path, commit: str = "") -> None:
    """Put the files of a commit into a folder, or those that the next commit would have."""
    if commit:
        archive = ["git", "archive", commit]
        with subprocess.Popen(archive, cwd=ROOT, stdout=subprocess.PIPE) as packed:
            subprocess.run(["tar", "-x"], cwd=folder, stdin=packed.stdout, check=True)
        return
    listed = repository.git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for path in filter(None, listed.split("\0")):
        if (ROOT / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)


def key_secret(key: Path) -> Object:
    """What Flux decrypts with."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "sops-age", "namespace": flux.NAMESPACE},
        "stringData": {"age.agekey": key.read_text()},
    }
