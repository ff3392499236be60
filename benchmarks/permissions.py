"""What deciding about every request costs: this server beside the one of an older commit.

    python -m benchmarks.permissions REVISION

Both run on databases of their own and are measured in turn, so that a busy moment of the machine
falls on both. Who asks may edit the experiment that they log to, and is not an administrator.
"""

import base64
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.server import ENVIRONMENT, ROOT, Server, connected, measured
from generator import environment, render
from generator.environment import Environment, edit
from generator.local import data, like, ports, processes

CLIENTS = 8
ROUNDS = 5
LIMIT = 0.95
TAGS = ("2.22.0", "3.16.0")
_PARTS = ("apps/mlflow/base", "apps/mlflow/components", "apps/mlflow/helm")


def main(revision: str) -> None:
    """Print the table; exit 1 where a series is slower than the limit allows."""
    print(f"| MLflow | {revision[:12]} req/s | ours req/s | ratio |\n|---|---|---|---|")
    slow = []
    for tag in TAGS:
        with ExitStack() as stack:
            before, ours = (stack.enter_context(served(tag, of)) for of in (revision, None))
            rounds = [(measured(before, CLIENTS), measured(ours, CLIENTS)) for _ in range(ROUNDS)]
        rates = [statistics.median(one.rate for one in side) for side in zip(*rounds, strict=True)]
        ratio = statistics.median(our.rate / old.rate for old, our in rounds)
        print(f"| {tag} | {rates[0]:.1f} | {rates[1]:.1f} | {ratio:.2f} |", flush=True)
        if ratio < LIMIT:
            slow.append(tag)
    if slow:
        sys.exit(f"below {LIMIT} of the older commit: {', '.join(slow)}")


@contextmanager
def served(tag: str, revision: str | None) -> Iterator[Server]:
    """Start MLflow as the manifests of a commit do, or as those of the working tree."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ports.held() as port,
        data.held(Path(folder), ENVIRONMENT) as held,
        like.ports_held(port) as taken,
        processes.started(held.folder / "logs", held.lock) as started,
    ):
        root = Path(folder, "repository")
        env = repository(root, tag, revision)
        parts = like.Like(env, root, held, started.folder("mlflow-"), taken, started, print)
        admin = parts.start()
        password = held.secret("admin-password", str)
        yield editor(Server(admin.port, _authorization(admin.user, password)), tag)


def repository(root: Path, tag: str, revision: str | None) -> Environment:
    """Make a repository with that commit's manifests and this one's overlays; return the values."""
    root.mkdir()
    archive = ["git", "archive", revision, *_PARTS] if revision else ["tar", "-c", *_PARTS]
    packed = subprocess.run(archive, cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x"], cwd=root, input=packed, check=True)
    (root / "tools").symlink_to(ROOT / "tools")
    text = (ROOT / f"environments/{ENVIRONMENT}.yaml").read_text()
    text = edit.assign(text, {("apps", "mlflow", "image", "tag"): tag})
    env = environment.check(ENVIRONMENT, environment.parse(ENVIRONMENT, text))
    for file in render.files(env, encrypted=()):
        (root / file.path).parent.mkdir(parents=True, exist_ok=True)
        (root / file.path).write_text(file.text)
    return env


def editor(admin: Server, tag: str) -> Server:
    """Make a user who may edit the experiment that is logged to, and is not an administrator."""
    with connected(admin) as connection:
        made = {"username": "editor", "password": "a password of an editor"}
        admin.post(connection, "users/create", **made)
        grant = {"username": "editor", "permission": "EDIT"}
        if tag.startswith("2."):
            admin.post(connection, "experiments/permissions/create", experiment_id="0", **grant)
        else:
            grant |= {"resource_type": "experiment", "resource_id": "0"}
            admin.post(connection, "users/permissions/grant", api="3.0", **grant)
    return Server(admin.port, _authorization(*made.values()))


def _authorization(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


if __name__ == "__main__":
    main(*sys.argv[1:])
