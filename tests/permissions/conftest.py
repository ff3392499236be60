"""One process of each series, in which there is one of everything twice: for several tests."""

from collections.abc import Iterator

import pytest

from tests.permissions import walk
from tests.permissions.walk import Asking


@pytest.fixture(scope="session", params=walk.SERIES)
def asking(request, tmp_path_factory) -> Iterator[Asking]:
    with walk.asking(request.param, tmp_path_factory.mktemp("inside")) as asking:
        yield asking
