"""Real Git repositories with this repository's own tree, or with its production alone."""

import shutil
import subprocess

from generator import environment
from tests.trees import ROOT

_TOPS = ("environments", "apps", "clusters", "infra")


def git(root, *arguments):
    names = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *names, *arguments], cwd=root, check=True, capture_output=True)


def whole(root):
    """Copy this repository's tree. Nothing is committed yet."""
    root.mkdir()
    for top in _TOPS:
        shutil.copytree(ROOT / top, root / top)
    (root / ".gitignore").write_text("tools\n")
    (root / "tools").symlink_to(ROOT / "tools")
    git(root, "init", "--quiet", "--initial-branch=main")
    return root


def production(root):
    """Copy this repository's tree without its other environments."""
    whole(root)
    for name in set(environment.names(ROOT)) - {"prod"}:
        (root / environment.path(name)).unlink()
        for folder in [*root.glob(f"*/{name}"), *root.glob(f"apps/*/overlays/{name}")]:
            shutil.rmtree(folder)
    return root
