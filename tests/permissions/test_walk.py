"""Who reaches which route, on both series: no route is there without a decision.

Every rule of the application's own URL map is asked, with each of its methods and below each of its
prefixes, by everybody, in one process with the built manifests' own files. Once there is one of
everything, no handler runs any more: a request that is permitted ends in front of it, so nothing
changes and every cell is asked about the same things. What handlers then do with a request is
tests/permissions/test_attacks.py's and test_said_once.py's.
"""

import re
from pathlib import Path

import pytest

from tests.permissions import asked, table
from tests.permissions.asked import Route
from tests.permissions.table import Row, Table
from tests.permissions.walk import LEVELS, OWNER, Asking

# The first run on a machine installs both MLflows and PostgreSQL.
pytestmark = pytest.mark.timeout(900)

EXPECTED = Path(__file__).with_name("expected")
PUBLIC = {"/health", "/static-files/<path:path>"}  # as MLflow has it
UNDECIDED = "nothing is decided about {}: only administrators may ask it"
_PREFIX = re.compile(r"^/(ajax-)?api/[23]\.0/?")

_tables: dict[str, Table] = {}


@pytest.fixture
def found(asking) -> Table:
    """What the walk found. It is made once for a series."""
    series = asking.inside.series
    if series not in _tables:
        _tables[series] = table.walk(asking.inside, asked.routes(asking.routes), asking.mine)
    return _tables[series]


def test_everybody_reaches_what_the_table_says(asking, found, update):
    series = asking.inside.series
    file, text = EXPECTED / f"{series}.txt", table.text(series, found)
    if update:
        file.write_text(text)
    before, now = (set(lines.splitlines()) for lines in (file.read_text(), text))
    gone, new = sorted(before - now), sorted(now - before)
    assert (gone, new) == ([], []), "\n".join([f"{file}:", *(f"- {line}" for line in gone)]) + (
        "".join(f"\n+ {line}" for line in new)
    )
    assert file.read_text() == text


def test_every_answer_is_a_decision(asking, found):
    """The walk's requests are right ones: none is refused for how it is said."""
    decided = {"yes", "401", "403", "404"}
    wrong = {row: cells for row, cells in found.items() if not set(cells) <= decided}
    names = {
        "2.22": {"DELETE api/2.0 /mlflow/runs/get", "OPTIONS api/2.0 /mlflow/runs/get"},
        "3.16": {
            *("DELETE api/2.0 /mlflow/runs/get", "OPTIONS api/2.0 /mlflow/runs/get"),
            "POST  /gateway/openai/v1/responses/compact",  # MLflow does not know whose it is
        },
    }
    assert {str(row) for row in wrong} == names[asking.inside.series]


def test_who_has_no_grant_reaches_what_a_person_has_read(asking, found):
    """No route without a decision: what nobody decided about, everybody would reach.

    2.22's table and 3.16's own decisions refuse the rest. `expected/open.txt` gives the reason for
    each route that every user reaches, where default_permission is NO_PERMISSIONS.
    """
    columns = [person.name for person in table.people(asking.inside.series)]
    stranger, nobody = columns.index("any/NO"), columns.index("nobody")
    reached = {_open(row) for row, cells in found.items() if cells[stranger] == "yes"}
    assert reached == _reasons(asking.inside.series).keys()
    public = {row.name for row, cells in found.items() if cells[nobody] == "yes"}
    assert public == PUBLIC


def _open(row: Row) -> str:
    return f"{row.method.replace('HEAD', 'GET')} {row.name}"


def _reasons(series: str) -> dict[str, str]:
    lines = (EXPECTED / "open.txt").read_text().splitlines()
    rows = [re.split(r"\s{2,}", line) for line in lines if not line.startswith("#")]
    assert all(len(row) == 3 and row[2] for row in rows)
    return {route: why for of, route, why in rows if of in (series, "both")}


def _row(route: Route) -> str:
    """What apps/mlflow/base/server/routes.py calls a route."""
    return f"{route.method} {_PREFIX.sub('/', route.rule)}"


# Rows about MLflow 3, which decides by itself: they are about what is reached through others.
_THREE = re.compile(
    r"users/list|roles/|gateway/|runs/outputs|logged-models|presigned|workspaces/|demo/|scorer/"
)


def test_each_row_is_about_a_route(asking):
    rows = set(asking.inside.order(tell="table"))
    none = rows - {_row(route) for route in asked.routes(asking.routes)}
    if asking.inside.series == "2.22":
        assert {row for row in none if not _THREE.search(row)} == set()
    else:
        assert {row for row in none if _THREE.search(row)} == set()


@pytest.mark.parametrize("asking", ["2.22"], indirect=True)  # of 3.16's routes MLflow decides
def test_a_route_without_its_row_is_for_administrators_and_is_named(asking):
    inside = asking.inside
    assert inside.order(tell="undecided") == []
    assert UNDECIDED[:20] not in asking.said
    inside.order(default="MANAGE")
    for row in inside.order(tell="table"):
        routes = [route for route in asked.routes(asking.routes) if _row(route) == row]
        inside.order(without=row)
        assert inside.order(tell="undecided") == ([row] if routes else [])
        for route in routes:
            _is_for_administrators(asking, route)
        inside.order(**{"with": row})
    inside.order(default="NO_PERMISSIONS")


def _is_for_administrators(asking: Asking, route: Route) -> None:
    for ask in asked.everything(route, asking.mine):
        *others, admin = (
            table.cell(asking.inside, who, route.method, ask)
            for who in (*LEVELS, OWNER, asking.inside.admin)
        )
        if route.name not in PUBLIC and admin != "404":  # which is there in name only
            assert (set(others), admin) == ({"403"}, "yes"), (route, ask)


@pytest.mark.parametrize("asking", ["2.22"], indirect=True)
def test_what_initialises_a_pod_names_the_route_without_a_row(asking):
    cluster = asking.inside.cluster
    (name,) = {n for kind, n in cluster.objects if kind == "ConfigMap" and _has_routes(cluster, n)}
    files = cluster.objects["ConfigMap", name]["data"]
    row, whole = '    "GET /version": (LOGIN,),\n', files["routes.py"]
    assert row in whole
    try:
        files["routes.py"] = whole.replace(row, "")
        said = cluster.mlflow("mlflow-without-a-row").initialise()
    finally:
        files["routes.py"] = whole
    assert UNDECIDED.format("GET /version") in said.splitlines()
    assert said.count(UNDECIDED[:20]) == 1


def _has_routes(cluster, name: str) -> bool:
    return "routes.py" in cluster.objects["ConfigMap", name].get("data", {})
