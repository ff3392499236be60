"""The rig itself, with a node: pods run, are reached, keep their disks and their limits."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.rig import Cluster, http
from tests.cluster.rig.client import Object, is_ready
from tests.cluster.rig.images import Image
from tests.cluster.rig.timeline import Timeline
from tests.cluster.rig.waiting import wait_for

BUSYBOX = Image(
    name="example/busybox:1",
    files={"/bin/busybox": Path(shutil.which("busybox") or "/bin/busybox")},
    config={"Entrypoint": ["/bin/busybox"], "Env": ["PATH=/bin"]},
)
# httpd, like every process 1 without a handler, ignores SIGTERM: the shell before it does not.
SERVE = "trap exit TERM; busybox httpd -p 8080 -h $1; while :; do busybox sleep 1; done"
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(node=True, images=[BUSYBOX]) as cluster:
        label = {"pod-security.kubernetes.io/enforce": "restricted"}
        meta = {"name": "test", "labels": label}
        cluster.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        cluster.client.wait_for("ServiceAccount", "default", namespace="test")
        yield cluster


def object_(version: str, kind: str, name: str, **parts: object) -> Object:
    meta = {"name": name, "namespace": "test", "labels": {"app": name}}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **parts}


def pod(name: str, script: str, *, memory: str = "32Mi", **spec: object) -> Object:
    container: Object = {
        "name": "main",
        "image": BUSYBOX.name,
        "args": ["sh", "-c", script, "sh", "/data"],
        "ports": [{"containerPort": 8080}],
        "securityContext": RESTRICTED,
        "resources": {"limits": {"memory": memory}},
    }
    if "volumes" in spec:
        container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    return object_("v1", "Pod", name, spec={"containers": [container], **spec})


def service(name: str, app: str, **spec: object) -> Object:
    ports = [{"port": 80, "targetPort": 8080}]
    return object_("v1", "Service", name, spec={"selector": {"app": app}, "ports": ports, **spec})


def address(cluster: Cluster, name: str) -> str:
    def given(found: Object) -> bool:
        return bool(found["status"]["loadBalancer"])

    found = cluster.client.wait_for("Service", name, given, namespace="test")
    return str(found["status"]["loadBalancer"]["ingress"][0]["ip"])


def ended(found: Object) -> bool:
    return found["status"]["phase"] in {"Succeeded", "Failed"}


def test_a_pod_on_a_disk_answers_by_address_and_by_name(
    cluster: Cluster, timeline: Timeline
) -> None:
    client = cluster.client
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "cloud"},
        "provisioner": "disk.csi.azure.com",
        "reclaimPolicy": "Retain",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    claim = {
        "storageClassName": "cloud",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    client.apply(storage_class, object_("v1", "PersistentVolumeClaim", "data", spec=claim))
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    client.apply(
        pod(
            "web",
            f"echo hello > /data/index.html; {SERVE}",
            volumes=[volume],
            securityContext={"fsGroup": 10001},
        ),
        service("web", "web", type="LoadBalancer"),
    )
    client.wait_for("Pod", "web", is_ready, namespace="test")
    timeline.mark("pod ready, with its disk")
    balancer = address(cluster, "web")
    wait_for("answer", lambda: http.answers(f"http://{balancer}/index.html"))
    timeline.mark("answered through the load balancer's address")

    script = "timeout 10 busybox wget -q -O - http://web.test.svc.cluster.local/index.html"
    client.apply(pod("asks", script, restartPolicy="Never"))
    client.wait_for("Pod", "asks", ended, namespace="test")
    assert client.logs("asks", namespace="test", container="main") == "hello\n"
    timeline.mark("answered another pod by its name")

    client.delete("Pod", "web", namespace="test")
    client.delete("PersistentVolumeClaim", "data", namespace="test")
    client.wait_until_gone("PersistentVolumeClaim", "data", namespace="test")
    (kept,) = client.objects("PersistentVolume")
    name = kept["metadata"]["name"]
    client.wait_for("PersistentVolume", name, lambda found: found["status"]["phase"] == "Released")
    assert Path(kept["spec"]["local"]["path"], "index.html").read_text() == "hello\n"


def test_only_the_networks_that_a_load_balancer_allows_get_through(cluster: Cluster) -> None:
    other = f"10.99.{cluster.place.number}.9"
    cluster.client.apply(
        pod("guarded", f"busybox touch /tmp/x; {SERVE.replace('$1', '/bin')}"),
        service(
            "guarded", "guarded", type="LoadBalancer", loadBalancerSourceRanges=[f"{other}/32"]
        ),
    )
    cluster.client.wait_for("Pod", "guarded", is_ready, namespace="test")
    url = f"http://{address(cluster, 'guarded')}/busybox"
    interface = cluster.place.interface
    subprocess.run(["ip", "address", "add", f"{other}/32", "dev", interface], check=True)
    wait_for("answer", lambda: http.answers(url, source=other))
    assert not http.answers(url, source=cluster.place.host_address)


def test_a_memory_limit_is_real(cluster: Cluster) -> None:
    grow = "x=xxxxxxxx; while :; do x=$x$x; done"
    cluster.client.apply(pod("greedy", grow, memory="16Mi", restartPolicy="Never"))
    found = cluster.client.wait_for("Pod", "greedy", ended, namespace="test")
    (container,) = found["status"]["containerStatuses"]
    assert container["state"]["terminated"]["reason"] == "OOMKilled"


def test_pods_outlive_a_killed_kubelet_and_containerd(cluster: Cluster) -> None:
    client, servers = cluster.client, cluster.servers
    client.apply(pod("stays", SERVE.replace("$1", "/bin")), service("stays", "stays"))
    before = client.wait_for("Pod", "stays", is_ready, namespace="test")
    for name in ("kubelet", "containerd"):
        servers.kill(name)
    for name in ("containerd", "kubelet"):
        servers.restart(name)
    client.apply(pod("later", "exit 0", restartPolicy="Never"))
    client.wait_for("Pod", "later", ended, namespace="test")
    after = client.get("Pod", "stays", namespace="test")
    assert after
    assert container_id(after) == container_id(before)


def test_after_a_power_cut_everything_starts_again(cluster: Cluster, timeline: Timeline) -> None:
    client = cluster.client
    client.apply(pod("again", SERVE.replace("$1", "/bin")))
    before = client.wait_for("Pod", "again", is_ready, namespace="test")
    cluster.power_cut()
    timeline.mark("the API server is back")
    client.wait_for("Pod", "again", restarted(before), namespace="test", seconds=120)
    timeline.mark("the pod is back")


def restarted(before: Object) -> Callable[[Object], bool]:
    return lambda after: is_ready(after) and container_id(after) != container_id(before)


def container_id(found: Object) -> str:
    return str(found["status"]["containerStatuses"][0]["containerID"])
