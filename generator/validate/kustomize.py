"""A folder with a kustomization -> the YAML that Flux would apply."""

import os
import subprocess
from pathlib import Path, PurePosixPath

from generator.errors import GenError, Problem

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""What kustomize, and so Flux, takes for a folder's kustomization."""

_PATIENCE = 60.0  # seconds


def build(program: Path, root: Path, folder: PurePosixPath) -> str:
    """Build as Flux does: a base may lie outside the folder that asks for it.

    Raises GenError with what kustomize says.
    """
    try:
        result = subprocess.run(
            [program, "build", "--load-restrictor=LoadRestrictionsNone", str(folder)],
            cwd=root,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        message = f"kustomize: took more than {_PATIENCE:.0f} s; does it ask the network?"
        raise GenError([Problem(folder, None, message)]) from None
    if result.returncode:
        raise GenError([Problem(folder, None, f"kustomize: {_said(result.stderr, root)}")])
    return result.stdout


def _said(stderr: str, root: Path) -> str:
    """What kustomize says, on one line and with paths from the repository's root."""
    error = stderr.strip().rpartition("Error: ")[2] or "failed without a word"
    return " ".join(error.replace(f"{root.resolve()}/", "").split())
