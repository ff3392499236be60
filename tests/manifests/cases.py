"""Environment files -> the objects that kustomize builds from their overlays, as Flux does."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from generator import environment, programs, render
from generator.environment import Environment, edit
from generator.validate import kustomize, objects, pods, releases
from generator.validate.objects import Object
from generator.validate.pods import Pod
from tests.cluster import chart
from tests.trees import ROOT, write

OWN = {file.stem: file for file in sorted((ROOT / "environments").glob("*.yaml"))}
GOLDEN = {
    f"golden/{file.parent.name}": file
    for file in sorted((ROOT / "tests/golden").glob("*/environment.yaml"))
}
FILES = OWN | GOLDEN
"""The environment file of every case: this repository's, and those of the golden tests."""


@dataclass(frozen=True)
class Built:
    """One environment's two overlays, and what a chart makes of the release in them."""

    environment: Environment
    data: tuple[Object, ...]
    server: tuple[Object, ...]
    released: tuple[Object, ...]

    @property
    def applied(self) -> tuple[Object, ...]:
        """What Flux applies itself."""
        return self.data + self.server

    @property
    def objects(self) -> tuple[Object, ...]:
        return self.applied + self.released

    @property
    def pods(self) -> dict[str, Pod]:
        """The pod of each workload, by the workload's name; a release's is the server's too."""
        found = {pod.object.name: pod for pod in pods.find(self.objects)}
        return {name.removesuffix("-chart"): pod for name, pod in found.items()}

    def containers(self) -> Iterator[tuple[str, dict]]:
        """Every container, init containers included, by "workload/container"."""
        for workload, pod in self.pods.items():
            for _, container in pod.containers():
                yield f"{workload}/{container['name']}", dict(container)

    def one(self, kind: str, name: str = "mlflow") -> dict:
        """The one object of this kind and name; of a ConfigMap the name without its hash."""
        found = [item for item in self.of(kind) if item["metadata"]["name"] == name]
        (found,) = found or [
            item for item in self.of(kind) if item["metadata"]["name"].rpartition("-")[0] == name
        ]
        return found

    def of(self, kind: str) -> list[dict]:
        return [dict(item.values) for item in self.objects if item.kind == kind]


@cache
def case(name: str) -> Built:
    return build(FILES[name].read_text(), name.rpartition("/")[2])


@cache
def released(name: str, tag: str) -> Built:
    """A case with the other delivery, and a version of MLflow."""
    mlflow = "apps", "mlflow"
    changes = {(*mlflow, "delivery"): "helm", (*mlflow, "image", "tag"): tag}
    return build(edit.assign(FILES[name].read_text(), changes), name)


def build(text: str, name: str = "test", *, root: Path = ROOT) -> Built:
    """Render an environment file beside the hand-written bases of `root`, and build the result.

    `sops` files are left out: they are the Secret alone, and no key for them is here.
    """
    env = environment.check(name, environment.parse(name, text))
    kustomize_ = programs.find(ROOT, "kustomize", say=print)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("base", "components", "helm"):
            shutil.copytree(root / "apps/mlflow" / part, copy / "apps/mlflow" / part)
        for file in render.files(env, encrypted=()):
            write(copy, str(file.path), file.text)
        data, server = (
            tuple(objects.read(path, kustomize.build(kustomize_, copy, path)))
            for path in (render.apps_mlflow.folder(env) / part for part in ("data", "server"))
        )
        released = tuple(
            made
            for release in server
            if release.kind == "HelmRelease"
            for made in releases.render(
                releases.Programs(programs.find(ROOT, "helm", say=print), kustomize_),
                chart.like(release, copy),
                release,
                server,
                env.cluster.kubernetes_version,
            )
        )
    return Built(env, data, server, released)
