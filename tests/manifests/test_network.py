"""Who may talk to whom: the policies are evaluated, not read."""

import pytest

from generator.validate import fields
from tests.manifests import cases
from tests.manifests.policies import WORLD, Peer, enters, passes

ANY_OTHER = 1


@pytest.fixture
def network(built):
    """The policies, the two pods as their peers, and one that differs from MLflow in its name."""
    found = peers(built)
    stranger = Peer({**found["mlflow"].labels, "app.kubernetes.io/name": "stranger"})
    return built.of("NetworkPolicy"), found["mlflow"], found["postgresql"], stranger


def peers(built):
    return {
        name: Peer(
            pod.labels,
            {
                port["name"]: port["containerPort"]
                for _, container in pod.containers()
                for port in container.get("ports", ())
            },
        )
        for name, pod in built.pods.items()
    }


def open_ports(policies, source, target, protocol="TCP", judge=passes):
    """The open ports. ANY_OTHER stands for all that no policy and no pod names."""
    numbers = {value for _, key, value in fields.walk(policies) if key == "port"}
    candidates = {ANY_OTHER, 5000, 5432, *(port for port in numbers if isinstance(port, int))}
    return {port for port in candidates if judge(policies, source, target, port, protocol)}


def test_only_mlflow_reaches_postgresql_and_only_its_port(network):
    policies, mlflow, postgresql, stranger = network
    assert open_ports(policies, mlflow, postgresql) == {5432}
    assert open_ports(policies, mlflow, postgresql, "UDP") == set()
    for other in (WORLD, stranger, postgresql):
        assert open_ports(policies, other, postgresql, judge=enters) == set()


def test_the_world_reaches_the_port_of_the_service_alone(network, built):
    policies, mlflow, *_ = network
    (port,) = built.one("Service")["spec"]["ports"]
    assert open_ports(policies, WORLD, mlflow) == {mlflow.ports[port["targetPort"]]} == {5000}
    assert open_ports(policies, WORLD, mlflow, "UDP") == set()


def test_mlflow_reaches_names_blob_storage_and_nothing_else_outside(network):
    policies, mlflow, *_ = network
    assert open_ports(policies, mlflow, WORLD) == {53, 443}
    assert open_ports(policies, mlflow, WORLD, "UDP") == {53}


def test_whatever_else_runs_in_the_namespace_reaches_nothing(network):
    policies, mlflow, postgresql, stranger = network
    for source in (postgresql, stranger):
        for target in (WORLD, stranger, postgresql):
            assert open_ports(policies, source, target) == set()
            assert open_ports(policies, source, target, "UDP") == set()
    assert open_ports(policies, mlflow, stranger) == set()


def test_a_backup_reaches_postgresql_and_blob_storage_and_nobody_reaches_it():
    built = cases.case("prod")
    policies, found = built.of("NetworkPolicy"), peers(built)
    backup = found["mlflow-backup"]
    assert open_ports(policies, backup, found["postgresql"]) == {5432}
    assert open_ports(policies, backup, WORLD) == {53, 443}
    assert open_ports(policies, backup, WORLD, "UDP") == {53}
    assert open_ports(policies, backup, found["mlflow"]) == set()
    for source in (WORLD, *found.values()):
        assert open_ports(policies, source, backup, judge=enters) == set()


def test_the_balancer_lets_in_whom_the_environment_allows(built):
    exposure, service = built.environment.apps.mlflow.exposure, built.one("Service")
    annotations = service["metadata"]["annotations"]
    azure = "service.beta.kubernetes.io/azure-"
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"].get("loadBalancerSourceRanges", []) == list(exposure.allowed_networks)
    assert annotations[f"{azure}load-balancer-health-probe-request-path"] == "/health"
    (port,) = service["spec"]["ports"]
    speaks = (port["port"], port["appProtocol"])
    assert speaks == ((443, "https") if exposure.tls else (80, "http"))
    assert f"{azure}allowed-ip-ranges" not in annotations  # never together with source ranges
    assert annotations.get(f"{azure}dns-label-name") == exposure.dns_label
    internal = {
        f"{azure}load-balancer-internal",
        f"{azure}deny-all-except-load-balancer-source-ranges",
    }
    assert (internal & annotations.keys()) == (internal if exposure.kind == "internal" else set())


ANYBODY = {"podSelector": {}}
A, B = Peer({"name": "a"}, {"web": 80}), Peer({"name": "b"})


def policy(selector, **rules):
    types = [direction.capitalize() for direction in rules]
    return {"spec": {"podSelector": selector, "policyTypes": types, **rules}}


def chooses(peer):
    return {"matchLabels": peer.labels}


@pytest.mark.parametrize(
    ("policies", "to_a", "to_b"),
    [
        ([], True, True),
        ([policy({}, ingress=[])], False, False),
        ([policy(chooses(A), ingress=[])], False, True),
        ([policy(chooses(A), egress=[])], True, True),
        ([policy(chooses(B), egress=[])], False, False),
        ([policy({}, ingress=[{}])], True, True),
        ([policy({}, ingress=[]), policy({}, ingress=[{"from": [ANYBODY]}])], True, True),
        ([policy({}, ingress=[{"from": [{"podSelector": chooses(A)}]}])], False, False),
        ([policy({}, ingress=[{"ports": [{"port": "web"}]}])], True, False),
        ([policy({}, ingress=[{"ports": [{"port": 80}]}])], True, True),
        ([policy({}, ingress=[{"ports": [{"port": 80, "protocol": "UDP"}]}])], False, False),
        ([policy({}, egress=[{"to": [{"podSelector": chooses(A)}]}])], True, False),
    ],
)
def test_the_evaluator_decides_as_kubernetes_does(policies, to_a, to_b):
    """From b, to port 80."""
    assert (passes(policies, B, A, 80), passes(policies, B, B, 80)) == (to_a, to_b)


def test_the_evaluator_refuses_what_it_does_not_know():
    block = policy({}, ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])
    with pytest.raises(AssertionError, match="ipBlock"):
        passes([block], B, A, 80)
