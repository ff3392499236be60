"""`gen diff` beside the builds that it cannot do without, for 3 and for 100 environments.

Its peer is flate, which builds what one cluster's Flux Kustomizations name, on both sides, and
shows the YAML that differs. It is told which environments changed, and asked for two at a time;
`gen diff` finds that out itself.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import medians
from generator import environment, programs

ROOT = Path(__file__).parents[1]
TOPS = ("environments", "apps", "clusters", "infra")
LIMITS = {"three, all changed": 2.0, "one of a hundred": 3.0}
"""Seconds, warm, on a machine that does nothing else."""
FLATE = "diff ks --base HEAD --allow-missing-secrets --kustomize-render-cache-mb 0 --no-progress"
"""Without what it keeps between runs: `gen diff` keeps nothing."""


def main() -> None:
    """Print a table; exit 1 where a limit is passed."""
    with tempfile.TemporaryDirectory() as folder:
        three, hundred = Path(folder, "three"), Path(folder, "hundred")
        _commit(_tree(three))
        server = three / "apps/mlflow/base/server/mlflow.yaml"
        grace = "terminationGracePeriodSeconds: 30"
        server.write_text(server.read_text().replace(f"{grace}0", f"{grace}1"))
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
    """Print what one case takes beside its peer and its floor: its overlays, built twice."""
    overlays = [
        path.parent
        for name in names
        for path in sorted((root / "apps/mlflow/overlays" / name).glob("*/kustomization.yaml"))
    ]
    kustomize = programs.find(ROOT, "kustomize", say=print)
    build = f"{kustomize} build --load-restrictor=LoadRestrictionsNone {{}}"
    flate = programs.find(ROOT, "flate", say=print)
    peer = f"{flate} {FLATE} --path {root}/clusters/{{}}"
    gen = [sys.executable, "-m", "generator", "-C", str(root), "diff", "--against", "HEAD"]
    commands = {
        "kustomize": _two_at_a_time(build, overlays * 2),
        "flate": _two_at_a_time(peer, names),
        "diff": gen,
    }
    costs = medians(commands, before=lambda _: None)
    diff, limit = costs["diff"], LIMITS[title]
    beside = "; ".join(
        f"{name} {costs[name].seconds:.2f} s, ratio {diff.seconds / costs[name].seconds:.2f}"
        for name in ("kustomize", "flate")
    )
    print(
        f"{title}: {diff.seconds:.2f} s, limit {limit} s; {beside}; "
        f"{diff.processor:.2f} s of processor; peak {diff.mebibytes:.0f} MiB",
        flush=True,
    )
    return diff.seconds <= limit


def _two_at_a_time(command: str, words: Sequence[object]) -> list[str]:
    """`command` once for each word, which stands where {} does."""
    return [
        "bash",
        "-c",
        f"printf '%s\\n' {' '.join(map(str, words))} | xargs -P 2 -I {{}} {command}",
    ]


if __name__ == "__main__":
    main()
