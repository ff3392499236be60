"""Two replicas and two empty databases -> both serve and nobody dies, every time."""

import os

import pytest

from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.pods import pods, restarts
from tests.cluster.rig.client import rolled_out
from tests.cluster.rig.timeline import Timeline
from tests.cluster.rig.waiting import wait_for

pytestmark = pytest.mark.timeout(1800)

ROUNDS = int(os.environ.get("ROUNDS", "2"))
"""`make prove` goes through more, for what two servers do at once they do in another order then."""

EMPTY = """
DROP DATABASE mlflow WITH (FORCE);
DROP DATABASE mlflow_auth WITH (FORCE);
CREATE DATABASE mlflow OWNER mlflow;
CREATE DATABASE mlflow_auth OWNER mlflow;
"""


def test_two_replicas_start_at_once_on_empty_databases(dev: Delivery, timeline: Timeline) -> None:
    dev.tracking()
    try:
        for number in range(1, ROUNDS + 1):
            ended = pods(dev)
            scale(dev, 0)
            # test_serving.py shows how they end; here they only make room.
            dev.by_hand(
                *("delete", "pods", *ended, f"--namespace={NAMESPACE}", "--grace-period=1"),
                "--ignore-not-found",
            )
            wait_for("end of every pod", lambda: not pods(dev))
            dev.by_hand(
                *("exec", "--stdin", f"--namespace={NAMESPACE}", "postgresql-0"),
                *(
                    "--container=postgresql",
                    "--",
                    "psql",
                    "--set=ON_ERROR_STOP=1",
                    "--username=postgres",
                ),
                value=EMPTY,
            )
            start = timeline.mark(f"{number}: both databases are empty")
            scale(dev, 2)
            dev.cluster.client.wait_for(
                "Deployment", "mlflow", rolled_out, namespace=NAMESPACE, seconds=300
            )
            seconds = timeline.mark(f"{number}: both serve") - start
            assert list(restarts(dev).values()) == [0, 0], seconds
            tracking = dev.tracking()
            tracking.log_run(tracking.experiment(f"start {number}"), 1.0)
    finally:
        scale(dev, dev.values["apps"]["mlflow"].get("replicas", 1))


def scale(dev: Delivery, replicas: int) -> None:
    """Have so many pods of the server, past Git."""
    dev.by_hand("scale", "deployment/mlflow", f"--replicas={replicas}", f"--namespace={NAMESPACE}")
