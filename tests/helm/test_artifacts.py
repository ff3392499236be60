"""The chart's server answers about artifacts as ours does: the same tests, asked of it."""

import pytest

from tests.manifests import cases
from tests.manifests import served as servers
from tests.manifests.test_artifacts import (  # noqa: F401 - pytest finds them here too
    TOOLS,
    test_a_container_that_is_missing_is_an_error_and_not_an_empty_one,
    test_a_file_of_one_long_line_is_sent_by_pieces,
    test_a_folder_is_no_file,
    test_deleting_nothing_is_done,
    test_listing_nothing_is_an_empty_list,
    test_reading_nothing_is_404_wherever_it_is_asked_for,
    test_what_is_deleted_is_that_and_no_more,
    test_what_the_proxy_took_the_proxy_and_the_page_send_by_its_name,
)

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module", params=TOOLS)
def served(request, tmp_path_factory):
    folder, objects = tmp_path_factory.mktemp("served"), cases.released("prod", request.param)
    yield from servers.started(objects.objects, folder, TOOLS[request.param])


@pytest.fixture(scope="module")
def run(served):
    return served.run()
