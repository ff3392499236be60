"""The overlays of this repository, built as Flux builds them."""

from pathlib import PurePosixPath

import pytest

from generator import programs
from generator.validate import kustomize
from tests.trees import ROOT


@pytest.fixture(scope="session")
def built() -> dict[str, str]:
    """What every overlay becomes, by its path below apps/mlflow/overlays, as in "prod/server"."""
    program = programs.find(ROOT, "kustomize", say=print)
    overlays = PurePosixPath("apps/mlflow/overlays")
    return {
        str(folder.relative_to(ROOT / overlays)): kustomize.build(
            program, ROOT, PurePosixPath(folder.relative_to(ROOT))
        )
        for folder in sorted((ROOT / overlays).glob("*/*"))
    }
