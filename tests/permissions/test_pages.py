"""Each page in a real browser, by each kind of person: all that it showed, and nothing refused."""

from urllib.parse import urlsplit

import pytest

from tests.permissions import pages, world
from tests.permissions.browser import Seen, Visitor
from tests.permissions.pages import HIDDEN, Logged, Page

# The first run on a machine installs both MLflows, PostgreSQL and Azurite.
pytestmark = pytest.mark.timeout(900)

READER, EDITOR = PEOPLE = ("reader", "editor")
_LISTS = ("experiments", "models")
_BINDINGS = "/ajax-api/3.0/mlflow/gateway/endpoints/bindings/list"

Refused = set[tuple[str, str, str, int]]

REFUSED: dict[str, Refused] = {
    "2.22": set(),
    "3.16": {
        # MLflow lists all bindings to administrators alone, and wants an endpoint of others.
        ("gateway", READER, _BINDINGS, 400),
        ("gateway", EDITOR, _BINDINGS, 400),
    },
}
"""All that any page is refused: (page, who, path, status). So it was before we judged requests."""


@pytest.mark.parametrize("series", world.SERIES)
def test_pages_show_what_is_theirs_and_ask_for_nothing_else(series, tmp_path):
    with world.started(f"{series}-kustomize", tmp_path) as server:
        logged = pages.log(server)
        _let_in(server, logged)
        seen = _visited(server, pages.pages(series, logged))
    assert {visit: found.broken for visit, found in seen.items() if found.broken} == {}
    refused = [_refused(visit, found) for visit, found in seen.items()]
    assert set().union(*refused) == REFUSED[series]


def _let_in(server: world.World, logged: Logged) -> None:
    for user, level in zip(PEOPLE, ("READ", "EDIT"), strict=True):
        server.add(user)
        server.permit(user, "experiment", logged.experiment, level)
        server.permit(user, "registered_model", f"{pages.SHOWN}-model", level)


def _visited(server: world.World, every: dict[str, Page]) -> dict[tuple[str, str], Seen]:
    """Have each person open each page: what is hidden from them, they are not even told."""
    seen = {}
    with Visitor(server.cluster.inside) as visitor:
        for who in (server.admin, *PEOPLE):
            visitor.become(*server.login(who).values())
            for name, page in every.items():
                found = visitor.visit(f"http://127.0.0.1:5000/#/{page.path}", page.texts)
                told = HIDDEN in found.text, HIDDEN in visitor.told()
                if who != server.admin:
                    assert told == (False, False), (name, who, found)
                elif name in _LISTS:  # where there is something to hide
                    assert told == (True, True), (name, who, found)
                seen[name, who] = found
    return seen


def _refused(visit: tuple[str, str], seen: Seen) -> Refused:
    return {(*visit, urlsplit(answer.url).path, answer.status) for answer in seen.refused}
