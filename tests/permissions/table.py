"""A walk over a series' routes -> the table that people read: a line a route, a column a person."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.permissions import asked
from tests.permissions.asked import Route
from tests.permissions.walk import LEVELS, OWNER, Inside, Things

REACHED = 299
_HEAD = """\
# MLflow {series}: who reaches the handler of which route.
#
# Written by `pytest tests/permissions/test_walk.py --update`. Read every line that changes: may
# each of these people do that? "yes" is the handler, a number the answer instead of it.
# any/X: a user without a grant where default_permission is X. READ, EDIT, MANAGE: granted on the
# thing, where it is NO_PERMISSIONS, as for the owner.{more}
"""
_SHUT_OUT = "\n# shut-out: NO_PERMISSIONS on the thing, where default_permission is READ."

Cells = tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """Whose requests a column holds, and what a user without a grant may do meanwhile."""

    name: str
    user: str
    default: str = "NO_PERMISSIONS"


@dataclass(frozen=True, order=True)
class Row:
    """One rule with one of its methods, and what a request to it names."""

    name: str
    variant: str
    method: str
    prefix: str

    @property
    def thing(self) -> str:
        return f"{self.name} {self.variant and f'({self.variant})'}".strip()

    def __str__(self) -> str:
        return f"{self.method} {self.prefix} {self.thing}"


Table = dict[Row, Cells]

# What is no route's: newer clients take these answers for "an older server".
_NO_ROUTES = (
    Route("/api/2.0/mlflow/nothing", "GET"),
    Route("/nothing", "GET"),
    Route("/api/2.0/mlflow/runs/get", "DELETE"),
    Route("/api/2.0/mlflow/runs/get", "OPTIONS"),
)


def people(series: str) -> tuple[Person, ...]:
    shut_out = (Person("shut-out", "NO_PERMISSIONS", "READ"),)
    return (
        Person("nobody", "", "MANAGE"),
        Person("any/NO", "stranger"),
        *(Person(f"any/{level}", "stranger", level) for level in LEVELS),
        *(Person(level, level) for level in LEVELS),
        *(shut_out if series == "2.22" else ()),
        Person("owner", OWNER),
        Person("admin", "admin"),
    )


def walk(inside: Inside, routes: list[Route], things: Things) -> Table:
    """Ask every route as everybody. One person after the other: the default is the process's."""
    asks = [
        (Row(route.name, asked_.variant, route.method, route.prefix), asked_)
        for route in (*routes, *_NO_ROUTES)
        for asked_ in asked.everything(route, things)
    ]
    found: dict[Row, list[str]] = defaultdict(list)
    for person in people(inside.series):
        inside.order(default=person.default)
        for row, ask in asks:
            found[row].append(cell(inside, person.user, row.method, ask))
    inside.order(default="NO_PERMISSIONS")
    return {row: tuple(cells) for row, cells in found.items()}


def cell(inside: Inside, who: str, method: str, ask: asked.Asked) -> str:
    status = inside.ask(who, method, ask.path, ask.said, **ask.headers).status
    return "yes" if status == REACHED else str(status)


def text(series: str, table: Table) -> str:
    """Return the table; what is the same by several methods and prefixes is one line."""
    names = tuple(person.name for person in people(series))
    lines = sorted(_lines(table))
    widths = [max(len(line[column]) for line in lines) for column in (0, 1, 2)]
    head = _HEAD.format(series=series, more=_SHUT_OUT if "shut-out" in names else "")
    rows = [("", "", "", names), *lines]
    return head + "".join(
        "  ".join(
            [word.ljust(width) for word, width in zip(row[:3], widths, strict=True)]
            + [one.ljust(len(name)) for one, name in zip(row[3], names, strict=True)]
        ).rstrip()
        + "\n"
        for row in rows
    )


def _lines(table: Table) -> Iterable[tuple[str, str, str, Cells]]:
    prefixes, methods = defaultdict(list), defaultdict(list)
    for row in sorted(table):
        prefixes[row.thing, row.method, table[row]].append(row.prefix or "-")
    for (thing, method, cells), of in prefixes.items():
        methods[thing, " ".join(of), cells].append(method)
    for (thing, of, cells), how in methods.items():
        yield thing, ",".join(how), of.replace(" ", ","), cells
