"""A part that is away, killed, full or slow -> what was acknowledged is kept, it comes back."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.pods import kill, memory_limit_met, pods, restarts, victims
from tests.cluster.rig import http
from tests.cluster.rig.client import is_ready, rolled_out
from tests.cluster.rig.timeline import Timeline
from tests.cluster.rig.waiting import wait_for
from tests.cluster.tracking import Failed, Tracking

AWAY = 60
"""Seconds that a part is away: longer than any client's own patience, and than one probe's."""

PROBE = 5
"""Seconds that the probes wait for an answer."""


@contextmanager
def metrics(tracking: Tracking, run: str) -> Iterator[list[float]]:
    """Log values one after the other; yield those that MLflow has acknowledged so far."""
    acknowledged: list[float] = []
    end = threading.Event()

    def log() -> None:
        value = 0.0
        while not end.wait(0.1):
            value += 1
            try:
                tracking.log_metric(run, value)
            except (OSError, Failed, ValueError):
                continue
            acknowledged.append(value)

    thread = threading.Thread(target=log)
    thread.start()
    try:
        go_on(acknowledged)
        yield acknowledged
        go_on(acknowledged)
    finally:
        end.set()
        thread.join()
    assert set(acknowledged) <= tracking.metrics(run)


def go_on(acknowledged: list[float]) -> None:
    """Wait until metrics are acknowledged that were not yet."""
    before = len(acknowledged)
    wait_for("acknowledged metric", lambda: len(acknowledged) > before + 2, seconds=300)


def test_postgresql_is_away_for_a_minute(dev: Delivery, timeline: Timeline) -> None:
    tracking = dev.tracking()
    run = tracking.start_run(tracking.experiment("faults"))
    before = restarts(dev)
    with metrics(tracking, run):
        with without_postgresql(dev):
            timeline.mark("PostgreSQL is away")
            end = time.monotonic() + AWAY
            while time.monotonic() < end:
                assert http.answers(f"http://{dev.address}/health", seconds=PROBE)
                with pytest.raises(Failed, match=r"runs/create: 503"):
                    tracking.start_run("0")
                time.sleep(1)
        timeline.mark("PostgreSQL is ready again")
    timeline.mark("metrics are acknowledged again")
    assert restarts(dev) == before


@contextmanager
def without_postgresql(dev: Delivery) -> Iterator[None]:
    """Stop PostgreSQL as a person would, until the block ends."""
    scale = ["scale", "statefulset/postgresql", f"--namespace={NAMESPACE}"]
    dev.by_hand(*scale, "--replicas=0")
    try:
        dev.cluster.client.wait_until_gone("Pod", "postgresql-0", namespace=NAMESPACE, seconds=120)
        yield
    finally:
        dev.by_hand(*scale, "--replicas=1")
        dev.cluster.client.wait_for(
            "Pod", "postgresql-0", is_ready, namespace=NAMESPACE, seconds=300
        )


def test_blob_storage_is_away(dev: Delivery, timeline: Timeline) -> None:
    tracking, surroundings = dev.tracking(), dev.cluster.surroundings
    experiment = tracking.experiment("faults")
    run = tracking.log_run(experiment, 1.0)
    before = restarts(dev)
    with metrics(tracking, tracking.start_run(experiment)) as acknowledged:
        surroundings.kill("azurite", signal.SIGTERM)
        timeline.mark("blob storage is away")
        try:
            with pytest.raises((OSError, Failed)):
                tracking.log_run(experiment, 2.0)
            go_on(acknowledged)
        finally:
            surroundings.restart("azurite")
        timeline.mark("blob storage is back")
    assert tracking.logged(experiment, tracking.log_run(experiment, 3.0)) == (3.0, 3.0)
    assert tracking.logged(experiment, run) == (1.0, 1.0)
    timeline.mark("artifacts are written and read again")
    assert restarts(dev) == before


@pytest.mark.parametrize("program", ["gunicorn", "postgres"])
@pytest.mark.parametrize(("which", "number"), [("the first process", 0), ("one of its own", -1)])
def test_a_process_is_killed(
    dev: Delivery, timeline: Timeline, program: str, which: str, number: int
) -> None:
    tracking = dev.tracking()
    run = tracking.start_run(tracking.experiment("faults"))
    with metrics(tracking, run) as acknowledged:
        kill(victims(dev, program)[number])
        timeline.mark(f"{program}: {which} is killed")
        go_on(acknowledged)
        timeline.mark("metrics are acknowledged again")


FILL = """
import os
with open("/tmp/full", "wb") as file:
    os.posix_fallocate(file.fileno(), 0, 11 << 30)
"""


def test_a_full_tmp_costs_the_pod_and_nothing_else(dev: Delivery, timeline: Timeline) -> None:
    tracking = dev.tracking()
    run = tracking.start_run(tracking.experiment("faults"))
    (old,) = pods(dev)
    with metrics(tracking, run):
        into = ["exec", f"--namespace={NAMESPACE}", old, "--container=mlflow", "--"]
        dev.by_hand(*into, "python", "-c", FILL)
        timeline.mark("/tmp holds more than its limit")
        wait_for("another pod", lambda: pods(dev) - {old}, seconds=300)
        timeline.mark("the kubelet has evicted the pod")
        dev.cluster.client.wait_for(
            "Deployment", "mlflow", rolled_out, namespace=NAMESPACE, seconds=300
        )
    timeline.mark("metrics are acknowledged again")
    dev.by_hand("delete", "pod", old, f"--namespace={NAMESPACE}", "--ignore-not-found")


def test_a_server_that_is_only_slow_is_not_killed(dev: Delivery, timeline: Timeline) -> None:
    """Its processes are stopped, so that it answers nothing for longer than several probes wait."""
    before = restarts(dev)
    stopped = victims(dev, "gunicorn")
    signal_all(stopped, signal.SIGSTOP)
    timeline.mark("the server is stopped")
    try:
        wait_for("a pod that is not ready", lambda: not ready(dev), seconds=120)
        timeline.mark("no request is sent to it")
        time.sleep(20)  # two more of its liveness probes fail, of six
    finally:
        signal_all(stopped, signal.SIGCONT)
    wait_for("a pod that is ready", lambda: ready(dev), seconds=120)
    timeline.mark("it serves again")
    assert restarts(dev) == before
    assert not memory_limit_met(dev)


def signal_all(pids: list[int], number: int) -> None:
    for pid in pids:
        os.kill(pid, number)


def ready(dev: Delivery) -> bool:
    found = dev.cluster.client.get("Deployment", "mlflow", namespace=NAMESPACE)
    return bool(found and found["status"].get("readyReplicas"))
