"""Repositories of the tests: the smallest values file, and trees written and read."""

import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
"""This repository."""

MINIMAL = """\
azure:
  subscription: 00000000-0000-0000-0000-000000000000
  resource_group: rg-mlflow-test
git:
  url: https://github.com/example/mlflow-gitops
cluster:
  name: aks-mlflow-test
secrets:
  provider: sops
apps:
  mlflow:
    exposure:
      allowed_networks: [203.0.113.0/24]
    artifacts:
      account: mlflowtest0aa3981a
"""


def write(repo: Path, path: str, text: str) -> Path:
    file = repo / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def tree(root: Path) -> dict[str, str]:
    """Every file below `root`, by its path, and what it holds."""
    return {
        str(path.relative_to(root)): path.read_text("utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def reserved(paths: Iterable[str]) -> list[str]:
    """The paths that Windows cannot hold and Flux's source-controller does not check out."""
    return [path for path in paths if any(map(_RESERVED.match, path.split("/")))]


_RESERVED = re.compile(r"(con|prn|aux|nul|com[1-9]|lpt[1-9])(\.|$)", re.IGNORECASE)
