"""Pods, servers and machines that end, by plan or by accident -> what clients see of it."""

import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.pods import kill, pods, victims
from tests.cluster.rig import http
from tests.cluster.rig.client import is_ready, rolled_out
from tests.cluster.rig.timeline import Timeline
from tests.cluster.rig.waiting import wait_for
from tests.cluster.tracking import Failed, Tracking

CLIENTS = 8


def test_no_request_fails_while_two_replicas_are_replaced(
    dev: Delivery, timeline: Timeline
) -> None:
    client, tracking = dev.cluster.client, dev.tracking()
    dev.set("cluster.nodes.size=Standard_D4as_v5", "apps.mlflow.replicas=2")
    dev.wait(dev.push("Two replicas"))
    before = pods(dev)
    timeline.mark("two replicas serve")
    experiment = tracking.experiment("rolling update")
    with clients(tracking, experiment) as logged:
        dev.set("apps.mlflow.resources.cpu=180m")
        dev.wait(dev.push("Other pods"))
        client.wait_for("Deployment", "mlflow", rolled_out, namespace=NAMESPACE, seconds=120)
        timeline.mark(f"both replaced, {len(logged)} runs logged meanwhile")
    wait_for("end of the old pods", lambda: not before & pods(dev), seconds=grace(dev))
    timeline.mark("the old pods have ended")
    assert len(logged) > CLIENTS
    with ThreadPoolExecutor(CLIENTS) as readers:
        read = readers.map(lambda one: tracking.logged(experiment, one[0]), logged)
    assert list(read) == [(value, value) for _, value in logged]


def grace(dev: Delivery) -> float:
    """How many seconds Kubernetes gives a pod of the server to answer its clients and end."""
    deployment = dev.cluster.client.get("Deployment", "mlflow", namespace=NAMESPACE)
    assert deployment
    return float(deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"])


@contextmanager
def clients(tracking: Tracking, experiment: str) -> Iterator[list[tuple[str, float]]]:
    """Log runs from several threads until the block ends; whatever fails fails the test."""
    logged: list[tuple[str, float]] = []
    failures: list[Exception] = []
    end = threading.Event()

    def log(number: int) -> None:
        value = float(number)
        while not end.wait(0.5):
            try:
                logged.append((tracking.log_run(experiment, value), value))
            except (OSError, Failed, ValueError) as error:
                failures.append(error)
            value += CLIENTS

    threads = [threading.Thread(target=log, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield logged
    finally:
        end.set()
        for thread in threads:
            thread.join()
    assert failures == []


def test_data_is_complete_whatever_is_killed(dev: Delivery, timeline: Timeline) -> None:
    tracking = dev.tracking()
    experiment = tracking.experiment("accidents")
    runs = [tracking.log_run(experiment, 1.0)]

    kill(victims(dev, "postgres")[0])
    runs.append(logged_again(tracking, experiment))
    timeline.mark("serves again after PostgreSQL was killed")

    dev.by_hand("delete", "pod", "--all", "--timeout=300s", f"--namespace={NAMESPACE}")
    runs.append(logged_again(tracking, experiment))
    timeline.mark("serves again after every pod was deleted")

    dev.cluster.power_cut()
    runs.append(logged_again(tracking, experiment))
    timeline.mark("serves again after the node lost its power")
    for run in runs:
        assert tracking.logged(experiment, run) == (1.0, 1.0)


def logged_again(tracking: Tracking, experiment: str) -> str:
    """Try to log a run until it works."""

    def attempt() -> str:
        try:
            return tracking.log_run(experiment, 1.0)
        except (OSError, Failed, ValueError):
            return ""

    return wait_for("run that could be logged", attempt, seconds=300)


def test_both_servers_end_soon_when_asked_to(dev: Delivery, timeline: Timeline) -> None:
    client = dev.cluster.client
    client.wait_for("Deployment", "mlflow", rolled_out, namespace=NAMESPACE, seconds=120)
    pod = next(iter(pods(dev)))
    timeline.mark("MLflow is asked to end")
    seconds = ended(dev, pod)
    timeline.mark("MLflow has ended")
    # The table shows how long: 10 s of preStop, and what the server took. One that ignores SIGTERM
    # takes all 300.
    assert seconds < 150

    timeline.mark("PostgreSQL is asked to end")
    seconds = ended(dev, "postgresql-0")
    timeline.mark("PostgreSQL has ended")
    # One that waits for its clients takes all 60.
    assert seconds < 45
    client.wait_for("Pod", "postgresql-0", is_ready, namespace=NAMESPACE, seconds=120)
    said = client.logs("postgresql-0", namespace=NAMESPACE, container="postgresql")
    assert "database system was shut down at" in said
    assert "not properly shut down" not in said
    initialised = client.logs("postgresql-0", namespace=NAMESPACE, container="initialise")
    assert "not properly shut down" not in initialised


def ended(dev: Delivery, pod: str) -> float:
    """Ask a pod to end; return how many seconds its containers took."""
    client = dev.cluster.client
    before = client.get("Pod", pod, namespace=NAMESPACE)
    assert before
    start = time.monotonic()
    client.delete("Pod", pod, namespace=NAMESPACE)

    def gone() -> bool:
        after = client.get("Pod", pod, namespace=NAMESPACE)
        return after is None or after["metadata"]["uid"] != before["metadata"]["uid"]

    wait_for(f"end of {pod}", gone, seconds=400)
    return time.monotonic() - start


def test_only_allowed_networks_reach_mlflow(dev: Delivery) -> None:
    place = dev.cluster.place
    url = f"http://{dev.address}/health"
    other = f"10.99.{place.number}.9"
    add = ["ip", "address", "add", f"{other}/32", "dev", place.interface]
    subprocess.run(add, check=True)
    assert http.answers(url, source=place.host_address)
    dev.set(f"apps.mlflow.exposure.allowed_networks=[{other}/32]")
    dev.wait(dev.push("One address alone"))
    wait_for("refusal", lambda: not http.answers(url, source=place.host_address))
    assert http.answers(url, source=other)

    dev.set("apps.mlflow.exposure.allowed_networks=[10.0.0.0/8]")
    dev.wait(dev.push("The networks as they were"))
    wait_for("answer", lambda: http.answers(url, source=place.host_address))
