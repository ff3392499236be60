"""Every pod asks for what it needs, may do no more than it must, and says whether it works."""

import pytest

from generator.environment import types
from generator.review import workloads
from tests.manifests import cases

PART_OF = "app.kubernetes.io/part-of"
NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def test_the_pods_are_those_of_the_two_workloads_and_of_the_backup(built):
    backup = ["mlflow-backup/databases", "mlflow-backup/blobs"]
    assert [name for name, _ in built.containers()] == [
        "postgresql/initialise",
        "postgresql/postgresql",
        "mlflow/initialise",
        "mlflow/mlflow",
        *(backup if built.environment.apps.mlflow.backup else []),
    ]


def test_every_container_requests_and_is_limited_in_memory_alone(built):
    for name, container in built.containers():
        resources = container["resources"]
        assert types.millicores(resources["requests"]["cpu"]) >= 100, name
        assert resources["limits"].keys() == {"memory"}, name
        requested, limit = (
            types.mebibytes(resources[kind]["memory"]) for kind in ("requests", "limits")
        )
        assert 100 <= requested <= limit, name


def test_the_server_gets_what_its_environment_says(built):
    mlflow = built.environment.apps.mlflow
    server = dict(built.containers())["mlflow/mlflow"]
    assert server["resources"] == {
        "requests": {"cpu": mlflow.resources.cpu, "memory": mlflow.resources.memory.request},
        "limits": {"memory": mlflow.resources.memory.limit},
    }
    image = f"{mlflow.image.name}:{mlflow.image.tag}"
    image += f"@{mlflow.image.digest}" if mlflow.image.digest else ""
    assert server["image"] == dict(built.containers())["mlflow/initialise"]["image"] == image
    assert built.one("Deployment")["spec"]["replicas"] == mlflow.replicas


def test_no_container_may_do_more_than_it_must(built):
    for pod in built.pods.values():
        spec = pod.spec
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False  # or MLFLOW_PORT=tcp://... stops the server
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert min(security["runAsUser"], security["runAsGroup"], security["fsGroup"]) > 10000
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    for name, container in built.containers():
        pod = built.pods[name.partition("/")[0]].spec["securityContext"]
        again = {key: pod[key] for key in pod.keys() & container["securityContext"].keys()}
        assert container["securityContext"] == again | {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name


def test_every_service_account_is_one_workload_s_own_and_mounts_no_token(built):
    accounts = {account["metadata"]["name"]: account for account in built.of("ServiceAccount")}
    users = {pod.spec["serviceAccountName"] for pod in built.pods.values()}
    users |= {release["spec"]["serviceAccountName"] for release in built.of("HelmRelease")}
    assert users == set(accounts)
    assert all(account["automountServiceAccountToken"] is False for account in accounts.values())


def test_the_namespace_enforces_what_the_pods_obey(built):
    labels = built.one("Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_object_says_what_it_belongs_to(built):
    for item in built.applied:
        labels = item.values["metadata"].get("labels", {})
        assert labels.get(PART_OF) == "mlflow", (item.kind, item.name)
    for name, pod in built.pods.items():
        assert pod.labels[PART_OF] == "mlflow"
        assert pod.labels[NAME] == name
        assert pod.labels[COMPONENT] in ("server", "database", "backup")


def test_what_is_written_is_in_memory_or_of_a_stated_size(built):
    for pod in built.pods.values():
        for volume in pod.spec["volumes"]:
            if "emptyDir" in volume:
                assert workloads.quantity(volume["emptyDir"]["sizeLimit"]) >= 1 << 20
        assert {"name": "tmp", "mountPath": "/tmp"} in next(pod.containers())[1]["volumeMounts"]


def test_probes_outlast_a_slow_start_and_a_slow_answer(built):
    server, database = (
        dict(built.containers())[name] for name in ("mlflow/mlflow", "postgresql/postgresql")
    )
    assert patience(server["startupProbe"]) >= 60  # at 250m it takes 22 s
    assert patience(database["startupProbe"]) >= 600  # a recovery replays the log
    for container in (server, database):
        assert patience(container["livenessProbe"]) >= 60
        assert patience(container["readinessProbe"]) <= 15
    for probe in PROBES:  # "/" and "/version" ask for a password
        scheme = {"scheme": "HTTPS"} if built.environment.apps.mlflow.exposure.tls else {}
        assert server[probe]["httpGet"] == {"path": "/health", "port": "http", **scheme}


def patience(probe):
    """Seconds until a container that never answers counts as failed."""
    return probe["periodSeconds"] * probe.get("failureThreshold", 3)


def test_a_rollout_cuts_no_request_and_a_drain_is_never_blocked(built):
    strategy = built.one("Deployment")["spec"]["strategy"]
    assert strategy | {"type": "RollingUpdate"} == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }

    replicas = built.environment.apps.mlflow.replicas
    budgets = built.of("PodDisruptionBudget")
    assert len(budgets) == (replicas > 1)
    for budget in budgets:
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        pods = [
            name
            for name, pod in built.pods.items()
            if pod.matches("mlflow", budget["spec"]["selector"]["matchLabels"])
        ]
        assert pods == ["mlflow"]


def test_a_backup_runs_alone_for_a_bounded_time_and_is_seen_to_fail(built):
    backup = built.environment.apps.mlflow.backup
    assert len(built.of("CronJob")) == bool(backup)
    for job in built.of("CronJob"):
        spec = job["spec"]
        assert (spec["schedule"], spec["timeZone"]) == (backup.schedule, "Etc/UTC")
        assert spec["concurrencyPolicy"] == "Forbid"
        assert min(spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) >= 1
        assert 0 < spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] <= 3600
        assert built.pods["mlflow-backup"].spec["restartPolicy"] == "Never"
        blobs = dict(built.containers())["mlflow-backup/blobs"]
        assert {"name": "KEEP", "value": str(backup.keep)} in blobs["env"]


def test_there_are_cases_with_and_without_a_backup():
    backups = {bool(cases.case(name).environment.apps.mlflow.backup) for name in cases.FILES}
    assert backups == {True, False}


def test_the_backup_speaks_the_server_s_version_and_is_mlflow_s_own_image(built):
    containers = dict(built.containers())
    for ours, theirs in (("databases", "postgresql/postgresql"), ("blobs", "mlflow/mlflow")):
        container = containers.get(f"mlflow-backup/{ours}", containers[theirs])
        assert container["image"] == containers[theirs]["image"]


def test_there_are_cases_with_and_without_a_budget():
    replicas = {cases.case(name).environment.apps.mlflow.replicas for name in cases.FILES}
    assert min(replicas) == 1 < max(replicas)


@pytest.mark.parametrize("workload", ["mlflow", "postgresql"])
def test_one_service_leads_to_each_workload(workload, built):
    service = built.one("Service", workload)["spec"]
    pods = built.pods
    chosen = [name for name in pods if pods[name].matches("mlflow", service["selector"])]
    assert chosen == [workload]
    assert {port["targetPort"] for port in service["ports"]} == pods[workload].ports()
