"""https through Flux: turned on by a value and two secrets, and renewed while clients log runs."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import Authority, Pair
from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.rig import http
from tests.cluster.rig.client import rolled_out
from tests.cluster.rig.timeline import Timeline
from tests.cluster.rig.waiting import wait_for
from tests.cluster.test_serving import CLIENTS, clients
from tests.cluster.tracking import SecureTracking

HOST = "mlflow.example.com"
AUTHORITY = Authority()
ON = ("cluster.nodes.size=Standard_D4as_v5", "apps.mlflow.replicas=2")


@pytest.fixture
def secure(dev: Delivery, tmp_path: Path) -> Iterator[SecureTracking]:
    """MLflow with two replicas and https; afterwards as it was."""
    before, plain = dev.values, dev.tracking()
    dev.set(*ON, f"apps.mlflow.exposure.tls.host={HOST}")
    give(dev, AUTHORITY.issue(HOST), tmp_path)
    roll_out(dev, "https")
    context = ssl.create_default_context(cadata=AUTHORITY.pem)
    tracking = SecureTracking(dev.address, plain.user, plain.password, HOST, context)
    wait_for("answer", lambda: shown(dev))
    yield tracking
    size = before["cluster"]["nodes"]["size"]
    count = before["apps"]["mlflow"].get("replicas", 1)
    dev.gen("set", "--env", dev.environment, "--unset", "apps.mlflow.exposure.tls")
    dev.set(f"apps.mlflow.replicas={count}", f"cluster.nodes.size={size}")
    roll_out(dev, "As it was")
    dev.tracking()


def give(dev: Delivery, pair: Pair, folder: Path) -> None:
    """Hand a certificate and its key to gen, as a person does."""
    words = []
    for name, text in (("tls-certificate", pair.certificate), ("tls-key", pair.key)):
        (folder / name).write_text(text)
        words.append(f"--file={name}={folder / name}")
    dev.gen("secrets", "set", "--env", dev.environment, *words)


def roll_out(dev: Delivery, message: str) -> None:
    dev.wait(dev.push(message))
    dev.cluster.client.wait_for(
        "Deployment", "mlflow", rolled_out, namespace=NAMESPACE, seconds=180
    )


def shown(dev: Delivery) -> bytes | None:
    """The certificate that a client is shown; None where nothing answers."""
    context = ssl.create_default_context(cadata=AUTHORITY.pem)
    try:
        with (
            socket.create_connection((dev.address, 443), 10) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as spoken,
        ):
            return spoken.getpeercert(binary_form=True)
    except OSError:
        return None


def test_a_renewed_certificate_is_shown_and_no_request_fails(
    dev: Delivery, secure: SecureTracking, tmp_path: Path, timeline: Timeline
) -> None:
    assert not http.answers(f"http://{dev.address}/health"), "port 80 is closed"
    assert not http.answers(f"http://{dev.address}:443/health"), "and 443 speaks TLS alone"
    old, new = shown(dev), AUTHORITY.issue(HOST)
    experiment = secure.experiment("renewal")
    with clients(secure, experiment) as logged:
        timeline.mark("clients log runs")
        give(dev, new, tmp_path)
        roll_out(dev, "A renewed certificate")
        expected = ssl.PEM_cert_to_DER_cert(new.certificate)
        wait_for("new certificate", lambda: shown(dev) == expected)
        timeline.mark(f"the new one is shown, {len(logged)} runs logged meanwhile")
    assert old != expected
    assert len(logged) > CLIENTS
    run, value = logged[-1]
    assert secure.logged(experiment, run) == (value, value)
