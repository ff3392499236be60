"""`gen diff` beside the builds that it cannot do without, for 3 and for 100 environments."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import medians
from generator import environment, programs

ROOT = Path(__file__).parents[1]
TOPS = ("environments", "apps", "clusters", "infra")
LIMITS = {"three, all changed": 2.0, "one of a hundred": 3.0}
"""Seconds, warm, on a machine that does nothing else."""


def main() -> None:
    """Print a table; exit 1 where a limit is passed."""
    with tempfile.TemporaryDirectory() as folder:
        three, hundred = Path(folder, "three"), Path(folder, "hundred")
        _commit(_tree(three))
        postgresql = three / "apps/mlflow/base/data/postgresql/postgresql.conf"
        postgresql.write_text(postgresql.read_text() + "# one more line\n")
        _commit(_copies(_tree(hundred), 100))
        _gen(hundred, "set", "--env", "e7", "apps.mlflow.workers=1")
        rows = [
            _row("three, all changed", three, environment.names(three)),
            _row("one of a hundred", hundred, ["e7"]),
        ]
    sys.exit(not all(rows))


def _tree(root: Path) -> Path:
    for top in TOPS:
        shutil.copytree(ROOT / top, root / top)
    (root / "tools").symlink_to(ROOT / "tools")
    (root / ".gitignore").write_text("tools\n")
    return root


def _copies(root: Path, count: int) -> Path:
    """Put copies of production, each with names of its own, in the place of all environments."""
    prod = (root / "environments/prod.yaml").read_text()
    for name in environment.names(root):
        (root / environment.path(name)).unlink()
    for number in range(count):
        text = prod.replace("mlflow-prod", f"mlflow-e{number}")
        text = text.replace("tharindumlflow0aa3981a", f"mlflowe{number}")
        (root / environment.path(f"e{number}")).write_text(text)
    _gen(root, "render")
    return root


def _gen(root: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "generator", "-C", str(root), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _commit(root: Path) -> None:
    for command in ("init --quiet", "add --all", "commit --quiet --message=before"):
        names = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *names, *command.split()], cwd=root, check=True)


def _row(title: str, root: Path, names: list[str]) -> bool:
    """Print what one case takes beside its floor: its overlays, built twice, two at a time."""
    kustomize = programs.find(ROOT, "kustomize", say=print)
    overlays = [
        str(path.parent)
        for name in names
        for path in sorted((root / "apps/mlflow/overlays" / name).glob("*/kustomization.yaml"))
    ]
    build = f"{kustomize} build --load-restrictor=LoadRestrictionsNone _"
    builds = f"printf '%s\\n' {' '.join(overlays * 2)} | xargs -P 2 -I _ {build}"
    gen = [sys.executable, "-m", "generator", "-C", str(root), "diff", "--against", "HEAD"]
    costs = medians({"floor": ["bash", "-c", builds], "diff": gen}, before=lambda _: None)
    floor, diff, limit = costs["floor"].seconds, costs["diff"], LIMITS[title]
    print(
        f"{title}: {diff.seconds:.2f} s, limit {limit} s; {len(overlays) * 2} builds alone "
        f"{floor:.2f} s, ratio {diff.seconds / floor:.2f}; {diff.processor:.2f} s of processor; "
        f"peak {diff.mebibytes:.0f} MiB",
        flush=True,
    )
    return diff.seconds <= limit


if __name__ == "__main__":
    main()
