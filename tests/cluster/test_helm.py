"""A chart by Flux: installed, upgraded, refused, rolled back, healed; moved to and from it.

The chart is our own (tests/cluster/chart), or with MLFLOW_CHART the real one.
"""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import charts, delivery, published
from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.rig import Cluster, flux, http
from tests.cluster.rig.client import Object, condition, now, rolled_out
from tests.cluster.rig.timeline import Timeline
from tests.cluster.rig.waiting import wait_for

CHART = "0.17.2"
DEPLOYMENT = "mlflow-chart"
VALUES = "apps/mlflow/overlays/dev/server/mlflow-values.yaml"
KINDS = ("Service", "ServiceAccount", "NetworkPolicy", "StatefulSet", "PersistentVolumeClaim")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return charts.packed(CHART, tmp_path_factory.mktemp("chart"))


@pytest.fixture(scope="module")
def released(archive: Path) -> Iterator[Delivery]:
    """A cluster that has environment dev by Helm. Whoever changes it leaves it working."""
    with Cluster(node=True, images=published.ALL) as cluster:
        made = delivery.copy(cluster, "dev", changes=["apps.mlflow.delivery=helm"])
        made.replace("apps/mlflow/helm/repository.yaml", charts.URL, charts.serve(cluster, archive))
        yield delivery.first(made)


def release(made: Delivery) -> Object:
    found = made.cluster.client.get("HelmRelease", "mlflow", namespace=NAMESPACE)
    assert found
    return found


def deployment(made: Delivery) -> Object:
    found = made.cluster.client.get("Deployment", DEPLOYMENT, namespace=NAMESPACE)
    assert found
    return found


def history(made: Delivery) -> list[tuple[int, str]]:
    """Each revision of the release and what became of it, the newest first."""
    return [(one["version"], one["status"]) for one in release(made)["status"]["history"]]


def recorded(made: Delivery) -> set[str]:
    """The states of Helm's own records, of which the release's history is what Flux has seen."""
    secrets = made.cluster.client.objects("Secret", namespace=NAMESPACE)
    labels = [one["metadata"].get("labels", {}) for one in secrets]
    return {found["status"] for found in labels if found.get("owner") == "helm"}


def says(made: Delivery, text: str) -> None:
    """Wait until the release is not Ready and says why with `text`."""
    made.cluster.client.wait_for(
        "HelmRelease",
        "mlflow",
        lambda found: condition(found).get("status") == "False" and text in str(found["status"]),
        namespace=NAMESPACE,
        seconds=300,
    )


def identities(made: Delivery) -> dict[tuple[str, str], str]:
    """What must be the same object after a move, and the uid that says so."""
    return {
        (kind, one["metadata"]["name"]): one["metadata"]["uid"]
        for kind in KINDS
        for one in made.cluster.client.objects(kind, namespace=NAMESPACE)
        if one["metadata"]["name"] not in ("default", "helm")
    }


def test_a_release_is_installed_with_what_the_values_say(
    released: Delivery, timeline: Timeline
) -> None:
    timeline.moments += released.timeline.moments
    assert history(released) == [(1, "deployed")]
    (server,) = deployment(released)["spec"]["template"]["spec"]["containers"]
    assert "--workers=1" in server["args"]
    services = released.cluster.client.objects("Service", namespace=NAMESPACE)
    assert {one["metadata"]["name"] for one in services} == {"mlflow", "postgresql"}
    tracking = released.tracking()
    experiment = tracking.experiment("installed")
    assert tracking.logged(experiment, tracking.log_run(experiment, 1.5)) == (1.5, 1.5)
    for service in ("mlflow", "postgresql"):  # nobody gets in without a password
        assert http.answers(f"http://{released.address}/api/2.0/{service}") is False


def test_a_changed_value_upgrades_it(released: Delivery) -> None:
    tracking = released.tracking()
    experiment = tracking.experiment("upgraded")
    run = tracking.log_run(experiment, 2.5)
    first = history(released)[0][0]

    released.set("apps.mlflow.workers=2")
    released.wait(released.push("Two workers"))

    assert history(released)[0] == (first + 1, "deployed")
    (server,) = deployment(released)["spec"]["template"]["spec"]["containers"]
    assert "--workers=2" in server["args"]
    assert released.tracking().logged(experiment, run) == (2.5, 2.5)


def test_an_upgrade_ends_the_same_when_the_controller_is_killed_in_it(released: Delivery) -> None:
    before = deployment(released)["metadata"]["generation"]
    released.set("apps.mlflow.workers=3")
    revision = released.push("Three workers")
    wait_for(
        "beginning of the upgrade",
        lambda: deployment(released)["metadata"]["generation"] > before,
    )

    released.cluster.servers.kill("helm-controller")
    interrupted = recorded(released)
    released.cluster.servers.restart("helm-controller")

    assert "pending-upgrade" in interrupted
    released.wait(revision)
    assert history(released)[0][1] == "deployed"
    (server,) = deployment(released)["spec"]["template"]["spec"]["containers"]
    assert "--workers=3" in server["args"]


def test_values_that_the_chart_does_not_take_are_refused_and_nothing_changes(
    released: Delivery,
) -> None:
    before = deployment(released)
    released.replace(VALUES, "replicaCount: 1", "replicaCount: one")
    released.push("A number in words")

    says(released, "replicaCount")

    assert deployment(released)["spec"] == before["spec"]
    released.restore("HEAD~1")
    released.wait(released.push("A number again"))
    assert history(released)[0][1] == "deployed"


def test_an_upgrade_that_never_starts_is_rolled_back_and_the_old_one_serves(
    released: Delivery,
) -> None:
    tracking = released.tracking()
    experiment = tracking.experiment("rolled back")
    run = tracking.log_run(experiment, 3.5)
    before = deployment(released)["spec"]["template"]

    released.set("apps.mlflow.image.tag=2.22.1")  # the cluster has no such image
    # What can never end is given up after this, and not after nine minutes.
    released.replace("apps/mlflow/helm/release.yaml", "timeout: 9m", "timeout: 20s")
    released.push("An image that is not there")
    released.cluster.client.wait_for(
        "Deployment",
        DEPLOYMENT,
        lambda found: found["spec"]["template"] != before,
        namespace=NAMESPACE,
    )
    assert released.tracking().logged(experiment, run) == (3.5, 3.5)  # while it is tried
    released.cluster.client.wait_for(
        "HelmRelease", "mlflow", is_given_up, namespace=NAMESPACE, seconds=420
    )

    released.cluster.client.wait_for("Deployment", DEPLOYMENT, rolled_out, namespace=NAMESPACE)
    assert deployment(released)["spec"]["template"] == before
    assert released.tracking().logged(experiment, run) == (3.5, 3.5)
    released.restore("HEAD~1")
    released.wait(released.push("The image as it was"))
    assert released.tracking().logged(experiment, run) == (3.5, 3.5)


def is_given_up(found: Object) -> bool:
    """Whether the release has no try left and stands as it was."""
    return condition(found, "Remediated").get("status") == "True" and (
        condition(found, "Stalled").get("status") == "True"
    )


def test_what_was_changed_by_hand_comes_back(released: Delivery) -> None:
    where = f"--namespace={NAMESPACE}"
    before = deployment(released)["spec"]
    released.by_hand("set", "env", "deployment", DEPLOYMENT, where, "HOME=/elsewhere")
    settings = f"{DEPLOYMENT}-env-configmap"
    released.by_hand("delete", "configmap", settings, where)
    changed = deployment(released)["spec"]
    assert changed != before

    change = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": now()}}}
    released.cluster.client.patch("HelmRelease", "mlflow", change, namespace=NAMESPACE)

    released.cluster.client.wait_for(
        "Deployment",
        DEPLOYMENT,
        lambda found: found["spec"] == before and rolled_out(found),
        namespace=NAMESPACE,
        seconds=120,
    )
    assert released.cluster.client.get("ConfigMap", settings, namespace=NAMESPACE)


def test_rotated_passwords_count_though_the_release_holds_copies(released: Delivery) -> None:
    old = released.tracking()
    experiment = old.experiment("rotated")
    run = old.log_run(experiment, 4.5)

    for name in ("database-password", "admin-password"):
        released.gen("secrets", "rotate", "--env", "dev", name)
    released.gen("render", "--env", "dev")
    released.wait(released.push("Rotate both passwords"))

    new = released.tracking()
    assert new.password != old.password
    assert new.logged(experiment, run) == (4.5, 4.5)
    with pytest.raises(Exception, match="401"):
        old.logged(experiment, run)


def test_to_our_own_manifests_and_back_keeps_address_and_data(released: Delivery) -> None:
    client = released.cluster.client
    tracking = released.tracking()
    experiment = tracking.experiment("moved")
    run = tracking.log_run(experiment, 5.5)
    before, address = identities(released), released.address

    released.set("apps.mlflow.delivery=kustomize")
    released.wait(released.push("Our own manifests"))

    client.wait_until_gone("HelmRelease", "mlflow", namespace=NAMESPACE)
    client.wait_until_gone("Deployment", DEPLOYMENT, namespace=NAMESPACE)
    client.wait_for("Deployment", "mlflow", rolled_out, namespace=NAMESPACE)
    assert released.tracking().logged(experiment, run) == (5.5, 5.5)
    assert (identities(released), released.address) == (before, address)

    released.set("apps.mlflow.delivery=helm")
    released.wait(released.push("The chart again"))

    client.wait_until_gone("Deployment", "mlflow", namespace=NAMESPACE)
    client.wait_for("Deployment", DEPLOYMENT, rolled_out, namespace=NAMESPACE)
    assert released.tracking().logged(experiment, run) == (5.5, 5.5)
    assert (identities(released), released.address) == (before, address)


def test_a_plain_install_comes_over_to_flux_with_its_address_and_data(
    released: Delivery, archive: Path
) -> None:
    """docs/delivery.md, "From helm install to Flux"."""
    client, work = released.cluster.client, released.repository.work
    suspend(released, released.root["metadata"]["name"], True)
    client.delete("Kustomization", "mlflow-server", namespace=flux.NAMESPACE)
    client.wait_until_gone("Deployment", DEPLOYMENT, namespace=NAMESPACE)
    client.wait_until_gone("Kustomization", "mlflow-server", namespace=flux.NAMESPACE)

    released.by_hand(
        "apply", "-n", NAMESPACE, "-f", str(work / "apps/mlflow/base/server/network.yaml")
    )
    install(released, archive)
    client.wait_for("Deployment", "mlflow", rolled_out, namespace=NAMESPACE, seconds=180)
    plain = released.tracking_at(f"{released.address}:5000")
    experiment = plain.experiment("plain")
    run = plain.log_run(experiment, 6.5)
    before, address = identities(released), released.address

    released.by_hand("patch", "service", "mlflow", f"--namespace={NAMESPACE}", "--type=json",
                     f"--patch={json.dumps(OURS)}")  # fmt: skip
    suspend(released, released.root["metadata"]["name"], False)
    released.wait(f"main@sha1:{head(work)}")

    client.wait_until_gone("Deployment", "mlflow", namespace=NAMESPACE)
    assert [number for number, _ in history(released)][:1] == [2]
    assert released.tracking().logged(experiment, run) == (6.5, 6.5)
    assert released.address == address
    after = identities(released)
    assert {key: after[key] for key in before} == before
    assert client.get("Service", "mlflow", namespace=NAMESPACE)["spec"]["selector"] == {  # type: ignore[index]
        "app.kubernetes.io/name": "mlflow"
    }


OURS = [
    {
        "op": "replace",
        "path": "/spec/ports",
        "value": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}],
    },
    {"op": "replace", "path": "/spec/selector", "value": {"app.kubernetes.io/name": "mlflow"}},
]
"""The Service as Flux's: Helm's fields would stay in it beside ours."""


def suspend(made: Delivery, name: str, yes: bool) -> None:
    made.cluster.client.patch(
        "Kustomization", name, {"spec": {"suspend": yes}}, namespace=flux.NAMESPACE
    )


def head(work: Path) -> str:
    asked = ["git", "rev-parse", "HEAD"]
    return subprocess.check_output(asked, cwd=work, text=True).strip()


def install(made: Delivery, archive: Path) -> None:
    """Install the chart as docs/delivery.md says: the secrets come from files."""
    found = made.cluster.client.get("Secret", "mlflow-secrets", namespace=NAMESPACE)
    assert found
    folder = made.cluster.place.folder
    command = [charts.helm(), "install", "mlflow", archive, "--namespace", NAMESPACE]
    command += [f"--kubeconfig={made.cluster.plane.kubeconfig}", "--values", VALUES]
    for name, paths in PLAIN.items():
        file = folder / name
        file.write_bytes(base64.b64decode(found["data"][name]))
        for path in paths:
            command += ["--set-file", f"{path}={file}"]
    done = subprocess.run(command, cwd=made.repository.work, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


PLAIN = {
    "admin-password": ["auth.adminPassword"],
    "database-password": ["backendStore.postgres.password", "auth.postgres.password"],
    "flask-secret-key": ["flaskServerSecretKey"],
    "storage-connection-string": ["artifactRoot.azureBlob.connectionString"],
}
