"""What goes wrong, said so that the reader can fix it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Any

import click


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to fix, and where: `path`, from the repository's root, and `line`, from 1.

    The path "." is the repository as a whole, which needs no name.
    """

    path: PurePath
    line: int | None
    message: str

    def __str__(self) -> str:
        if not self.path.parts:
            return self.message
        where = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        return f"{where}: {self.message}"


class GenError(click.ClickException):
    """The user's files are wrong: every problem at once. Click shows them and exits 1.

    Whatever else escapes is our bug and keeps its traceback.
    """

    exit_code = 1

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_position))
        super().__init__("\n".join(map(str, self.problems)))

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the problems, a line each, without Click's "Error:" in front."""
        click.echo(self.format_message(), file=file, err=True)


def _position(problem: Problem) -> tuple[PurePath, int, str]:
    return problem.path, problem.line or 0, problem.message
