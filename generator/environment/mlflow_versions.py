"""An image's name and tag -> what the MLflow in it needs: the table of what the manifests serve.

A row is added when it has been run (tools/mlflow, tools/mlflow-3), never by a guess: MLflow changes
its server program, its checks and its databases in minor versions. Every version keeps the older
ones' data, and none reads a newer one's.
"""

import re
from dataclasses import dataclass
from typing import Literal

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Series:
    """MLflow versions that the manifests start in one way."""

    tool: str
    """The folder of tools/ that pins one of them."""
    server: Literal["gunicorn", "uvicorn"]
    """The program that is process 1 of the server."""
    worker: str
    """What one of its worker processes does at once."""
    connections: int
    """The most that a worker process holds to PostgreSQL."""
    checks_host: bool
    """Whether it answers only to names and addresses that it was told."""
    keeps_denials: bool
    """Whether a user can have NO_PERMISSIONS for a thing. Who migrates to one that cannot, drops
    such grants."""
    jobs: Literal["none", "off"]
    """`off`: it could run jobs, for three times the memory; the manifests do not start them."""
    databases: int = 2
    """One for runs and models, one for users. From 3.6 on one would do; nothing moves them."""


# A worker's 8 threads use three pools (runs, models, users): one is in use by all of them, and the
# others keep the five connections that SQLAlchemy keeps.
_TWO = Series(
    "mlflow",
    "gunicorn",
    "8 threads",
    connections=8 + 5 + 5,
    checks_host=False,
    keeps_denials=True,
    jobs="none",
)
# 3.x has routes that only its ASGI application serves, such as traces. There the event loop asks
# for users too, and traces are written by threads of their own. The pools keep three.
_THREE = Series(
    "mlflow-3",
    "uvicorn",
    "an event loop, 8 threads",
    connections=9 + 8 + 3 + 3,
    checks_host=True,
    keeps_denials=False,
    jobs="off",
)


@dataclass(frozen=True)
class Row:
    """One image, and the versions of it that are supported."""

    image: str
    tag: str
    """How a version is written as a tag."""
    first: Version
    last: Version
    series: Series
    azure_identity: bool
    """Whether the Python package azure-identity is inside."""

    def holds(self, image: str, tag: str) -> bool:
        """Whether this row is about that image and tag. A mirror keeps the end of the name."""
        version = _version(self.tag, tag)
        same = image == self.image or image.endswith(f"/{_repository(self.image)}")
        return same and version is not None and self.first <= version <= self.last

    @property
    def tags(self) -> str:
        """The first and the last tag."""
        ends = dict.fromkeys((self.first, self.last))
        return " to ".join(self.tag.format(".".join(map(str, version))) for version in ends)

    @property
    def cells(self) -> tuple[str, ...]:
        """Image, tags, server, names, jobs, databases and azure-identity, in words."""
        series = self.series
        return (
            self.image,
            self.tags,
            f"{series.server}, {series.worker} a worker",
            "the names it is told" if series.checks_host else "any name",
            series.jobs,
            str(series.databases),
            "with" if self.azure_identity else "without",
        )

    def __str__(self) -> str:
        image, tags, server, names, jobs, databases, identity = self.cells
        return (
            f"{image} {tags}: {server}; answers to {names}; jobs {jobs}; {databases} databases; "
            f"{identity} azure-identity"
        )


_OFFICIAL = "ghcr.io/mlflow/mlflow"

TABLE = (
    Row("burakince/mlflow", "{}", (2, 22, 0), (2, 22, 1), _TWO, azure_identity=False),
    Row("burakince/mlflow", "{}", (3, 16, 0), (3, 16, 0), _THREE, azure_identity=False),
    Row(_OFFICIAL, "v{}-full", (3, 16, 0), (3, 16, 1), _THREE, azure_identity=True),
)


def find(image: str, tag: str) -> Row | None:
    """Return the row of an image, or None where it is not supported."""
    return next((row for row in TABLE if row.holds(image, tag)), None)


def migrates(before: tuple[str, str], after: tuple[str, str]) -> bool:
    """Whether going from one image and tag to another changes the databases for good.

    False where it goes back, where only the last number differs, and where a row is missing.
    """
    old, new = (_minor(*image) for image in (before, after))
    return bool(old and new and old < new)


def drops_denials(before: tuple[str, str], after: tuple[str, str]) -> bool:
    """Whether going from one image and tag to another drops NO_PERMISSIONS grants."""
    old, new = (find(*image) for image in (before, after))
    return bool(old and new and old.series.keeps_denials and not new.series.keeps_denials)


def _minor(image: str, tag: str) -> tuple[int, int] | None:
    row = find(image, tag)
    version = _version(row.tag, tag) if row else None
    return version[:2] if version else None


def refusal(image: str, tag: str) -> str:
    """What is said of an image that no row holds: the whole table."""
    rows = "".join(f"\n    {row}" for row in TABLE)
    return f"{image}:{tag}: the manifests do not serve this MLflow; they serve{rows}"


def _version(form: str, tag: str) -> Version | None:
    """Read a tag of the `form`; what it has besides the version must be there too."""
    pattern = re.escape(form).replace(r"\{\}", r"(\d+)\.(\d+)\.(\d+)")
    found = re.fullmatch(pattern, tag, re.ASCII)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _repository(image: str) -> str:
    """An image's name without the registry's host."""
    host, _, rest = image.partition("/")
    return rest if "." in host else image
