"""Whatever a request says, and however: no handler touches what was not judged.

One user has one of everything, and no right to anything of another user's. Right requests say
besides what is another's: plainly in every field, by an alias, twice, in the query and the body,
nested, in another encoding. Each is refused, or its real handler asks the stores for nothing of
another's: they note what they are asked for, and do nothing but read.
"""

import copy
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings

from tests.permissions import asked, said
from tests.permissions.asked import Asked, Route
from tests.permissions.table import REACHED
from tests.permissions.walk import OWNER, Inside, Things
from tests.permissions.world import Answer

# The first run on a machine installs both MLflows and PostgreSQL.
pytestmark = pytest.mark.timeout(900)

REFUSED = (400, 403, 404, 415)
CRASHES = {"2.22": (), "3.16": (500,)}  # MLflow 3's own judges, for example of {"name": []}

# What a store may be asked for by anybody, and why that shows and changes nothing of another's.
HARMLESS = {
    ("search_runs", "experiment_ids"): "2.22: apps/mlflow/base/server/lists.py narrows it",
    ("search_traces", "experiment_ids"): "2.22: so it does",
    ("search_logged_models", "experiment_ids"): "MLflow filters the answer",
    ("list_gateway_model_definitions", "secret_id"): "MLflow filters the answer",
    ("list_gateway_endpoints", "secret_id"): "MLflow filters the answer",
    ("delete_traces", "request_ids"): "only those in the experiment, which is judged",
    ("delete_traces", "trace_ids"): "only those in the experiment, which is judged",
    ("log_batch", "_run_id"): "a metric goes to the run of the request, which is judged",
    ("remove_dataset_from_experiments", "experiment_ids"): "changes the dataset, which is judged",
    ("detach_model_from_endpoint", "model_definition_id"): "changes the endpoint, which is judged",
}


@pytest.fixture
def recording(asking):
    """The application, and those routes whose handlers reach a store when all is right.

    On 2.22 everything is permitted by default but another's things: what is not known by its name
    would pass. On 3.16 nothing is, as it takes no NO_PERMISSIONS.
    """
    inside, mine = asking.inside, asking.mine
    inside.order(default="MANAGE" if inside.series == "2.22" else "NO_PERMISSIONS")
    inside.order(stop="record")
    routes = [route for route in asked.routes(asking.routes) if _touches(inside, route, mine)]
    yield inside, routes, mine, asking.theirs
    inside.order(stop="stop")
    inside.order(default="NO_PERMISSIONS")


def _touches(inside: Inside, route: Route, mine: Things) -> bool:
    """Whether the right request of a route names a thing, and its handler asks a store."""
    if route.method == "HEAD" or not set(route.fields) & set(said.NAMES):
        return False
    return any(
        inside.ask(OWNER, route.method, ask.path, ask.said).status == REACHED
        for ask in asked.everything(route, mine)
    )


def test_most_routes_that_name_a_thing_are_asked(recording):
    inside, routes, _, _ = recording
    assert len(routes) >= {"2.22": 100, "3.16": 250}[inside.series]


def test_what_a_field_names_is_judged(recording):
    """In each right request, each field names another's thing once, and plainly."""
    inside, routes, mine, theirs = recording
    wrong = []
    for route in routes:
        for right in asked.everything(route, mine):
            for path, body in _of_another(route, right, theirs):
                answer = inside.ask(OWNER, route.method, path, body)
                wrong += _wrong(inside, (route.method, path, body), answer, theirs)
    assert not wrong, "\n".join(map(str, wrong))


def _of_another(route: Route, right: Asked, theirs: Things) -> Iterator[tuple[str, Any]]:
    path, _, query = right.path.partition("?")
    fields = parse_qs(query) if route.reads else right.said or {}
    for number, place in enumerate(_objects(fields)):
        for name in said.NAMES:
            if name in theirs and (name in place or (place is fields and name in route.fields)):
                changed = copy.deepcopy(fields)
                list(_objects(changed))[number][name] = theirs[name]
                query = urlencode(changed, doseq=True)
                yield (f"{path}?{query}", None) if route.reads else (right.path, changed)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from _objects(one)


def test_however_it_is_said_what_is_touched_was_judged(recording):
    inside, routes, mine, theirs = recording

    @settings(max_examples=1000)
    @given(said.requests(routes, mine, theirs))
    def holds(request: said.Said) -> None:
        answer = inside.ask(
            OWNER, request.method, request.target, body=request.body, Content_Type=request.type
        )
        assert not _wrong(inside, request, answer, theirs)

    holds()


def _wrong(inside: Inside, request: Any, answer: Answer, theirs: Things) -> list[Any]:
    """Return what is wrong with an answer: what the handler touched, or that a judge crashed."""
    calls = [call for of_one in answer.headers["touched"] for call in of_one]
    found = [touched for call in calls for touched in _touched(*call, theirs)]
    crashed = answer.status not in (REACHED, *REFUSED, *CRASHES[inside.series])
    return [(request, answer.status, answer.body[:200], found)] if found or crashed else []


def _touched(call: str, arguments: Any, theirs: Things) -> Iterator[tuple[str, str, Any]]:
    store, _, method = call.partition(".")
    for key, value in _leaves(arguments):
        if (method, key) not in HARMLESS and _is_theirs(store, method, key, value, theirs):
            yield call, key, value


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _leaves(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one, key)
    else:
        yield key, value


def _is_theirs(store: str, method: str, key: str, value: Any, theirs: Things) -> bool:
    if key.startswith("experiment_id"):  # none means 0, which is nobody's here
        return _number(value) in ("0", theirs["experiment_id"])
    if key in ("name", "src_name") and value == theirs["name"]:
        return "registry" in store and method != "create_registered_model"
    names = [name for name in said.NAMES if name in theirs and not name.startswith("experiment")]
    ids = [theirs[name] for name in names if name != "name" and not isinstance(theirs[name], list)]
    return value in ids


def _number(value: Any) -> Any:
    """Return an id as the database reads it."""
    try:
        return str(int(value or 0))
    except (TypeError, ValueError):
        return value
