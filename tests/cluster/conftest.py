"""Clusters for the tests of one file, and the timelines of a run printed at its end."""

from collections.abc import Iterator

import pytest

from tests.cluster import delivery, published
from tests.cluster.delivery import Delivery
from tests.cluster.pods import at_rest
from tests.cluster.rig import Cluster
from tests.cluster.rig.timeline import Timeline
from tests.cluster.rig.waiting import wait_for

_PROPERTY = "timeline"


@pytest.fixture(scope="module")
def control_plane() -> Iterator[Cluster]:
    """A cluster that holds objects but runs no pod."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def delivered() -> Iterator[Delivery]:
    """A cluster with a node that has environment dev, one for each process of pytest-xdist."""
    with Cluster(node=True, images=published.ALL) as cluster:
        yield delivery.first(delivery.copy(cluster, "dev"))


@pytest.fixture
def dev(delivered: Delivery) -> Delivery:
    """That cluster, after what the test before it did has ended.

    Whoever changes it leaves it working.
    """
    wait_for("server at rest", lambda: at_rest(delivered), seconds=300)
    return delivered


@pytest.fixture
def timeline(request: pytest.FixtureRequest) -> Iterator[Timeline]:
    """A table of this test's moments, shown when all tests have run."""
    timeline = Timeline(request.node.name)
    yield timeline
    request.node.user_properties.append((_PROPERTY, str(timeline)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the timelines, also those of other processes of pytest-xdist."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, text in getattr(report, "user_properties", ()):
                if name == _PROPERTY and report.when == "teardown":
                    terminalreporter.write_line(f"\n{text}")
