"""Who reaches which route, on both series: no route is there without a decision.

Every rule of the application's own URL map is asked, with each of its methods and below each of its
prefixes, by everybody, in one process with the built manifests' own files. Once there is one of
everything, no handler runs any more: a request that is permitted ends in front of it, so nothing
changes and every cell is asked about the same things. What handlers then do with a request is
tests/permissions/test_attacks.py's and test_said_once.py's.
"""

from pathlib import Path

import pytest

from tests.permissions import table, walk
from tests.permissions.walk import OWNER

# The first run on a machine installs both MLflows and PostgreSQL.
pytestmark = pytest.mark.timeout(900)

EXPECTED = Path(__file__).with_name("expected")


@pytest.mark.parametrize("series", walk.SERIES)
def test_everybody_reaches_what_the_table_says(series, tmp_path, update):
    with walk.started(series, tmp_path) as (inside, said):
        inside.add(OWNER)
        things = walk.things(inside, OWNER, "mine")
        inside.people(things)
        inside.order(stop="stop")
        found = table.walk(inside, things)
    file = EXPECTED / f"{series}.txt"
    if update:
        file.write_text(table.text(series, found))
    assert file.read_text() == table.text(series, found)
