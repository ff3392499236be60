"""Encrypted secrets in Git -> decrypted in the cluster, replaced in every place, never lost."""

import base64
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cluster.delivery import NAMESPACE, Delivery, key_secret
from tests.cluster.rig import flux
from tests.cluster.rig.client import Object, rolled_out
from tests.cluster.test_broken import running
from tests.cluster.tracking import Failed, Tracking

ENCRYPTED = "apps/mlflow/overlays/dev/data/secrets.sops.yaml"
CONNECT = """\
import psycopg2, sys
psycopg2.connect(host="postgresql", user="mlflow", dbname="mlflow", password=sys.stdin.read())
"""


def test_flux_decrypts_what_the_stock_sops_does(dev: Delivery) -> None:
    sops = dev.cluster.programs.find("sops")
    for name, value in secrets(dev).items():
        decrypt = [sops, "decrypt", "--extract", f'["data"]["{name}"]', ENCRYPTED]
        done = subprocess.run(
            decrypt,
            cwd=dev.repository.work,
            env={"SOPS_AGE_KEY_FILE": str(dev.key)},
            capture_output=True,
            check=True,
        )
        assert base64.b64decode(done.stdout).decode() == value


def test_with_the_wrong_key_nothing_rolls_out(dev: Delivery) -> None:
    before, values = running(dev), secrets(dev)
    dev.gen("secrets", "rotate", "--env", "dev", "database-password")
    replace_key(dev, dev.other_key())
    dev.push("Rotate, with a cluster that has another key")
    dev.says("mlflow-data", "decryption failed for 'Secret.v1.[noGrp]/mlflow-secrets'")
    assert running(dev) == before
    assert secrets(dev) == values

    replace_key(dev, dev.key)
    dev.restore("HEAD~1")
    dev.wait(dev.push("As it was, with the right key"))
    assert running(dev) == before
    assert secrets(dev) == values


def replace_key(dev: Delivery, key: Path) -> None:
    dev.by_hand("delete", "secret", "sops-age", f"--namespace={flux.NAMESPACE}")
    dev.cluster.client.apply(key_secret(key))


def test_passwords_are_rotated_even_when_it_is_interrupted(dev: Delivery) -> None:
    tracking = dev.tracking()
    experiment = tracking.experiment("rotation")
    run = tracking.log_run(experiment, 7.0)
    old = secrets(dev)

    rotate(dev)
    dev.push("Rotate both passwords")
    dev.cluster.client.wait_for(
        "StatefulSet", "postgresql", has_revision(dev), namespace=NAMESPACE, seconds=120
    )
    halfway = secrets(dev)
    rotate(dev)  # PostgreSQL is being replaced and MLflow is not yet: somebody repeats it
    dev.wait(dev.push("Rotate both passwords again"))
    dev.cluster.client.wait_for(
        "Deployment", "mlflow", rolled_out, namespace=NAMESPACE, seconds=120
    )

    new = secrets(dev)
    for name in ("admin-password", "database-password"):
        assert len({old[name], halfway[name], new[name]}) == 3
    for former in (old, halfway):
        assert not lets_in(dev, former["database-password"])
        with pytest.raises(Failed, match="401"):
            Tracking(dev.address, "admin", former["admin-password"]).experiment("rotation")
    assert lets_in(dev, new["database-password"])
    assert dev.tracking().password == new["admin-password"]
    assert dev.tracking().logged(experiment, run) == (7.0, 7.0)


def rotate(dev: Delivery) -> None:
    for name in ("database-password", "admin-password"):
        dev.gen("secrets", "rotate", "--env", "dev", name)


def has_revision(dev: Delivery) -> Callable[[Object], bool]:
    """Whether PostgreSQL's new pods are to have the revision that the copy has."""
    revision = dev.values["secrets"]["revision"]

    def question(found: Object) -> bool:
        annotations = found["spec"]["template"]["metadata"]["annotations"]
        return bool(annotations["mlflow-gitops/secrets-revision"] == str(revision))

    return question


def secrets(dev: Delivery) -> Mapping[str, str]:
    """What the cluster's Secret holds."""
    found = dev.cluster.client.get("Secret", "mlflow-secrets", namespace=NAMESPACE)
    assert found
    return {name: base64.b64decode(value).decode() for name, value in found["data"].items()}


def lets_in(dev: Delivery, password: str) -> bool:
    """Whether PostgreSQL lets MLflow's pod in with a password."""
    into = [f"--namespace={NAMESPACE}", "--stdin", "deployment/mlflow", "--container=mlflow"]
    done = subprocess.run(
        [*dev.cluster.kubectl, "exec", *into, "--", "python", "-c", CONNECT],
        input=password,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 or "password authentication failed" in done.stderr, done.stderr
    return done.returncode == 0
