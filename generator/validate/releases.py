"""A HelmRelease and its chart -> the objects that Helm would install, patched as Flux patches them.

The chart comes from a folder or an archive, never from the network: what is said of a commit must
not depend on the day.
"""

import json
import os
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from generator import yaml
from generator.errors import GenError, Problem
from generator.validate import fields, objects
from generator.validate.objects import Object

VARIABLE = "MLFLOW_CHART"
"""Names a chart, as a folder or an archive, or a folder of charts."""

VENDORED = PurePosixPath("tools/charts")
"""Where charts may lie in the repository."""

SECRET = "taken-from-a-secret"  # noqa: S105
"""What stands for every secret: it must arrive in Secrets alone."""


@dataclass(frozen=True)
class Chart:
    """A chart that is at hand."""

    path: Path
    name: str
    version: str


@dataclass(frozen=True)
class Programs:
    """What renders a release."""

    helm: Path
    kustomize: Path


def charts(root: Path) -> list[Chart]:
    """Return the charts at hand. Raises GenError where MLFLOW_CHART names none, or a broken one."""
    named = os.environ.get(VARIABLE)
    place = root / (named or VENDORED)
    found = list(_charts(root, place)) if place.exists() else []
    if named and not found:
        message = "holds no chart: a folder with Chart.yaml, or a .tgz, is needed"
        raise GenError([Problem(PurePosixPath(named), None, message)])
    return found


def _charts(root: Path, place: Path) -> Iterator[Chart]:
    for path in (place, *(sorted(place.iterdir()) if place.is_dir() else ())):
        try:
            text = _description(path)
            values = yaml.read(text).values if text else None
        except (*_BROKEN, yaml.Invalid) as error:
            where = path.relative_to(root) if path.is_relative_to(root) else path
            reason = str(error).partition("\n")[0]
            message = f"is no chart that can be read: {reason}; pull it again"
            raise GenError([Problem(where, None, message)]) from None
        if text:
            yield Chart(path, fields.text(values, "name"), fields.text(values, "version"))


_BROKEN = (OSError, EOFError, UnicodeDecodeError, tarfile.TarError, zlib.error)
"""What half an archive raises, or a file that is none."""


def _description(path: Path) -> str | None:
    """What a chart says of itself, or None where `path` is no chart."""
    if path.is_dir():
        file = path / "Chart.yaml"
        return file.read_text() if file.is_file() else None
    if path.suffix != ".tgz" or not path.is_file():
        return None
    with tarfile.open(path) as archive:
        for member in archive:
            if PurePosixPath(member.name).match("*/Chart.yaml") and member.name.count("/") == 1:
                opened = archive.extractfile(member)
                return opened.read().decode() if opened else None
    return None


def find(release: Object, at_hand: Iterable[Chart]) -> Chart | None:
    """Return the chart that a HelmRelease names, in exactly its version."""
    spec = fields.mapping(release.values, "spec", "chart", "spec")
    wanted = fields.text(spec, "chart"), fields.text(spec, "version")
    return next((chart for chart in at_hand if (chart.name, chart.version) == wanted), None)


def render(
    programs: Programs, chart: Chart, release: Object, around: Iterable[Object], kubernetes: str
) -> tuple[Object, ...]:
    """Return what a release installs. Raises GenError with what helm or kustomize says.

    `around` holds the ConfigMaps that its values come from; `kubernetes` is a minor version.
    """
    where = PurePosixPath(release.path)
    with tempfile.TemporaryDirectory(prefix="gen-") as name:
        folder = Path(name)
        (folder / "values.yaml").write_text(json.dumps(values(release, around), default=str))
        command: list[object] = [programs.helm, "template", release.name, chart.path]
        command += [f"--namespace={release.namespace}", f"--values={folder}/values.yaml"]
        command += [f"--kube-version={kubernetes}.0"]
        text = _run(command, folder, release, "helm")
        for number, patches in enumerate(_patches(release)):
            text = _patched(programs.kustomize, folder / str(number), text, patches, release)
    return tuple(objects.read(where, text))


def values(release: Object, around: Iterable[Object]) -> dict[str, Any]:
    """Return a release's values as Flux merges them, SECRET in the place of every secret."""
    texts = {
        (item.namespace, item.name): fields.mapping(item.values, "data")
        for item in around
        if item.kind == "ConfigMap"
    }
    merged: Any = {}
    for entry in fields.items(release.values, "spec", "valuesFrom"):
        if target := fields.text(entry, "targetPath"):
            merged = _merged(merged, _nested(target, SECRET))
        elif entry.get("kind") == "ConfigMap":
            data = texts.get((release.namespace, fields.text(entry, "name")), {})
            text = fields.text(data, fields.text(entry, "valuesKey") or "values.yaml")
            merged = _merged(merged, _read(text, release))
    return dict(_merged(merged, fields.mapping(release.values, "spec", "values")))


def _read(text: str, release: Object) -> fields.Fields:
    """The values that a ConfigMap holds. Raises GenError where they are none."""
    try:
        found = yaml.read(text).values if text else {}
    except yaml.Invalid as error:
        raise GenError(
            release.problem("spec.valuesFrom", f"line {line}: {message}")
            for line, message in error.errors
        ) from None
    if not isinstance(found, Mapping):
        raise GenError([release.problem("spec.valuesFrom", "must be keys and values")])
    return found


def _nested(path: str, value: object) -> Any:
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


def _merged(below: Any, above: Any) -> Any:
    """As Helm merges values: mappings key by key, anything else replaced."""
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    return {**below, **{key: _merged(below.get(key), value) for key, value in above.items()}}


def _patches(release: Object) -> Iterator[list[fields.Fields]]:
    for renderer in fields.items(release.values, "spec", "postRenderers"):
        yield fields.items(renderer, "kustomize", "patches")


def _patched(
    kustomize: Path, folder: Path, text: str, patches: list[fields.Fields], release: Object
) -> str:
    folder.mkdir()
    (folder / "all.yaml").write_text(text)
    # Helm puts what names no namespace into the release's.
    kustomization = {
        "namespace": release.namespace,
        "resources": ["all.yaml"],
        "patches": patches,
    }
    (folder / "kustomization.yaml").write_text(json.dumps(kustomization, default=str))
    return _run([kustomize, "build", folder], folder, release, "kustomize")


def _run(command: list[object], folder: Path, release: Object, name: str) -> str:
    """Run a program that needs nothing of this machine, least of all somebody's repositories."""
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [str(word) for word in command],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = " ".join(done.stderr.replace(f"{folder}/", "").split()).removeprefix("Error: ")
        raise GenError([release.problem("spec", f"{name}: {said}")])
    return done.stdout
