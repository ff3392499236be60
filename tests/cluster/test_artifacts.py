"""Large artifacts and slow clients -> the server answers meanwhile, within its memory."""

import http.client
import threading
import time
from statistics import median

from tests.cluster.delivery import Delivery
from tests.cluster.pods import memory, memory_limit_met, restarts
from tests.cluster.rig.timeline import Timeline
from tests.cluster.test_faults import PROBE
from tests.cluster.tracking import Tracking, artifact

MEBIBYTE = 1 << 20
LARGE = 500 * MEBIBYTE
CHUNK = bytes(MEBIBYTE)  # no line in it ends: whoever reads it by lines reads it whole


def test_a_large_artifact_goes_up_and_down_while_health_answers(
    dev: Delivery, timeline: Timeline
) -> None:
    tracking = dev.tracking()
    path = large(tracking)
    before = restarts(dev)
    for direction, transfer in (("up", upload), ("down", download)):
        done = threading.Thread(target=transfer, args=(tracking, path))
        answers, used = watched(dev, done)
        slowest = max(answers)
        timeline.mark(
            f"500 MB {direction}: health answered {len(answers)} times, half of them within "
            f"{1000 * median(answers):.0f} ms, the slowest in {1000 * slowest:.0f} ms, "
            f"with at most {max(used) / MEBIBYTE:.0f} MiB in use"
        )
        assert slowest < PROBE
    assert restarts(dev) == before
    assert not memory_limit_met(dev)


def test_slow_clients_leave_the_pod_healthy(dev: Delivery, timeline: Timeline) -> None:
    tracking = dev.tracking()
    path = large(tracking)
    before = restarts(dev)
    slow = [
        threading.Thread(target=upload, args=(tracking, f"{path}-{number}", 8, 1.0))
        for number in range(4)
    ]
    everything = threading.Thread(target=run_all, args=(slow,))
    answers, _ = watched(dev, everything)
    timeline.mark(
        f"four clients sent 1 MB/s each: the slowest of {len(answers)} answers took "
        f"{1000 * max(answers):.0f} ms"
    )
    assert max(answers) < PROBE
    assert restarts(dev) == before


def run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def large(tracking: Tracking) -> str:
    experiment = tracking.experiment("artifacts")
    return artifact(experiment, tracking.start_run(experiment), "large.bin")


def watched(dev: Delivery, work: threading.Thread) -> tuple[list[float], list[int]]:
    """Do the work; return how many seconds each answer of /health took, and the bytes in use."""
    answers: list[float] = []
    used: list[int] = []
    work.start()
    while work.is_alive():
        start = time.monotonic()
        assert status(dev.address, "GET", "/health") == http.client.OK
        answers.append(time.monotonic() - start)
        used.append(memory(dev))
        work.join(0.1)
    return answers, used


def status(address: str, method: str, path: str) -> int:
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    finally:
        connection.close()


def upload(
    tracking: Tracking, path: str, chunks: int = LARGE // MEBIBYTE, pause: float = 0
) -> None:
    """Send an artifact piece by piece, as a client does whose network has that speed."""
    connection = http.client.HTTPConnection(tracking.address, timeout=300)
    connection.putrequest("PUT", path)
    for name, value in tracking.authorization.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(chunks * MEBIBYTE))
    connection.endheaders()
    for _ in range(chunks):
        connection.send(CHUNK)
        time.sleep(pause)
    assert connection.getresponse().status == http.client.OK
    connection.close()


def download(tracking: Tracking, path: str) -> None:
    connection = http.client.HTTPConnection(tracking.address, timeout=300)
    connection.request("GET", path, headers=tracking.authorization)
    response = connection.getresponse()
    assert response.status == http.client.OK
    assert sum(len(part) for part in iter(lambda: response.read(MEBIBYTE), b"")) == LARGE
    connection.close()
