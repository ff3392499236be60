"""An environment's manifests, or none -> an MLflow server on this machine, of processes alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generator import programs
from generator.environment import Environment
from generator.local import data, like, ports, processes, sqlite
from generator.local.server import Server

__all__ = ["Server", "serving"]


@contextmanager
def serving(root: Path, env: Environment | None, say: programs.Say) -> Iterator[Server]:
    """Start a server, like that of `env` or the simplest one; give it when it answers.

    At the end no process of it is left. Raises Ended when one of them ends before.
    """
    with (
        data.held(root, env.name if env else sqlite.NAME) as held,
        ports.held(wish=True) as port,
        processes.started(held.folder / "logs", held.lock) as started,
    ):
        folder = held.folder.relative_to(root.resolve())
        say(f"starting MLflow on port {port}; its data is in {folder}")
        if env:
            with like.ports_held(port) as taken:
                temporary = started.folder("mlflow-")
                yield like.Like(env, root, held, temporary, taken, started, say).start()
        else:
            yield sqlite.start(started, root, held, port, say)
