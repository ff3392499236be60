"""The rig itself, without a node: what is pushed is applied, and what is killed comes back."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cluster.rig import Cluster, flux, repository
from tests.cluster.rig.client import Object, condition, is_ready
from tests.cluster.rig.flux import Flavour
from tests.cluster.rig.timeline import Timeline
from tests.cluster.rig.waiting import wait_for

FLUX = flux.NAMESPACE


def config_map(name: str, value: str, *, namespace: str = "default") -> str:
    return (
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\n"
        "data:\n"
        f"  value: {value}\n"
    )


def test_flux_applies_what_is_pushed_and_prunes_what_goes(
    control_plane: Cluster, timeline: Timeline
) -> None:
    client = control_plane.client
    fleet = repository.create(control_plane.place.folder, "fleet")
    url = control_plane.serve(fleet.bare.parent)
    (fleet.work / "one.yaml").write_text(config_map("one", "first"))
    (fleet.work / "two.yaml").write_text(config_map("two", "first"))
    fleet.push("Two objects")
    client.apply(flux.source(f"{url}/fleet.git", repository.BRANCH), flux.kustomization("all", "."))
    client.wait_for("Kustomization", "all", is_ready, namespace=FLUX)
    timeline.mark("two objects applied")

    (fleet.work / "one.yaml").write_text(config_map("one", "second"))
    (fleet.work / "two.yaml").unlink()
    fleet.push("One changed, one gone")
    flux.reconcile(client, "GitRepository", FLUX)
    client.wait_until_gone("ConfigMap", "two", namespace="default")
    timeline.mark("one changed, one pruned")
    one = client.get("ConfigMap", "one", namespace="default")
    assert one
    assert one["data"] == {"value": "second"}


def test_a_load_balancer_gets_an_address_that_no_other_has(control_plane: Cluster) -> None:
    client = control_plane.client
    for name in ("first", "second"):
        spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
        meta = {"name": name, "namespace": "default"}
        client.apply({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
    found = {address(control_plane, name) for name in ("first", "second")}
    assert len(found) == 2
    assert found <= set(control_plane.place.load_balancer_addresses)


def address(cluster: Cluster, service: str) -> str:
    def given(object_: Object) -> bool:
        return bool(object_["status"]["loadBalancer"])

    found = cluster.client.wait_for("Service", service, given, namespace="default")
    return str(found["status"]["loadBalancer"]["ingress"][0]["ip"])


def test_killed_servers_come_back_with_what_they_held(control_plane: Cluster) -> None:
    client, servers = control_plane.client, control_plane.servers
    meta = {"name": "kept", "namespace": "default"}
    client.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "b"}})
    for name in ("kube-apiserver", "etcd"):
        servers.kill(name)
    assert not client.answers("/readyz")
    for name in ("etcd", "kube-apiserver"):
        servers.restart(name)
    kept = client.get("ConfigMap", "kept", namespace="default")
    assert kept
    assert kept["data"] == {"a": "b"}


def test_what_the_server_warns_of_is_heard(control_plane: Cluster) -> None:
    client = control_plane.client
    label = {"pod-security.kubernetes.io/warn": "restricted"}
    client.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "strict", "labels": label}}
    )
    client.wait_for("ServiceAccount", "default", namespace="strict")
    client.warnings.clear()
    pod = {"containers": [{"name": "any", "image": "any"}]}
    meta = {"name": "any", "namespace": "strict"}
    client.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod}, dry_run=True)
    assert "restricted" in client.warnings[0]
    assert client.get("Pod", "any", namespace="strict") is None


@pytest.mark.parametrize(
    ("flavour", "reason"),
    [(Flavour.AKS_EXTENSION, "AccessDenied"), (Flavour.BOOTSTRAP, "BuildFailed")],
)
def test_flux_runs_as_on_aks_or_as_bootstrapped(
    flavour: Flavour, reason: str, tmp_path: Path
) -> None:
    """AKS refuses a source in another namespace; newer Flux refuses a variable nobody sets."""
    fleet = repository.create(tmp_path, "fleet")
    (fleet.work / "one.yaml").write_text(config_map("one", "${unset}"))
    fleet.push("An object with a variable that nobody sets")
    with Cluster(flavour=flavour) as cluster:
        client = cluster.client
        source = flux.source(f"{cluster.serve(fleet.bare.parent)}/fleet.git", repository.BRANCH)
        elsewhere = flux.kustomization("all", ".", postBuild={"substitute": {"set": "yes"}})
        elsewhere["metadata"]["namespace"] = "default"
        elsewhere["spec"]["sourceRef"]["namespace"] = FLUX
        client.apply(source, elsewhere)
        client.wait_for("Kustomization", "all", has_reason(reason), namespace="default")


def has_reason(reason: str) -> Callable[[Object], bool]:
    return lambda found: condition(found).get("reason") == reason


def test_two_clusters_run_side_by_side(control_plane: Cluster) -> None:
    with TemporaryDirectory(prefix="kustomization-") as at_work, Cluster() as other:
        # Where a kustomize-controller unpacks a commit; one that starts removes all that it finds.
        assert Path(at_work).exists()
        assert other.place.address != control_plane.place.address
        meta = {"name": "only-in-one", "namespace": "default"}
        other.client.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        assert control_plane.client.get("ConfigMap", "only-in-one", namespace="default") is None
    assert wait_for("answer", lambda: control_plane.client.answers("/readyz"))
