"""Built objects -> a pod's processes and files: what is carried over, and where paths end up."""

from pathlib import PurePosixPath

import pytest

from generator.local import containers
from generator.validate import objects

MOUNTS = """\
        - {name: files, mountPath: /etc/app}
        - {name: files, mountPath: /etc/passwd, subPath: passwd}
        - {name: tmp, mountPath: /tmp}
        - {name: disk, mountPath: /data}
        - {name: secrets, mountPath: /run/secrets/app}
"""
BUILT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  template:
    spec:
      initContainers:
      - name: first
        command: [prepare, /etc/app/a.conf]
        volumeMounts:
MOUNTS      containers:
      - name: app
        command: [serve]
        args: [--file=/etc/app/a.conf, --also=/etc/app/other, /tmpfiles, /x/tmp, "a:/tmp:b"]
        envFrom: [{configMapRef: {name: settings}}]
        env: [{name: B, value: "2"}, {name: HOME, value: /tmp}]
        volumeMounts:
MOUNTS      volumes:
      - {name: files, configMap: {name: files}}
      - {name: tmp, emptyDir: {}}
      - {name: disk, persistentVolumeClaim: {claimName: disk-of-app}}
      - {name: secrets, secret: {secretName: mine}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: files}
data:
  a.conf: "spool = '/tmp/spool'\\ndata=/data\\nnot = /database /data-old\\n"
  passwd: "app:x:1:1::/tmp:/bin/false\\n"
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {A: "1", B: "of the map"}
"""


@pytest.fixture
def built():
    return objects.read(PurePosixPath("built"), BUILT.replace("MOUNTS", MOUNTS))


@pytest.fixture
def pod(built):
    return containers.pod(built, "Deployment", "app")


def test_processes_in_their_order_with_their_settings(pod):
    first, app = pod.processes
    assert (first.name, first.command, first.initial) == (
        "first",
        ("prepare", "/etc/app/a.conf"),
        True,
    )
    assert (app.name, app.command[:2], app.initial) == (
        "app",
        ("serve", "--file=/etc/app/a.conf"),
        False,
    )
    assert app.environment == {"A": "1", "B": "2", "HOME": "/tmp"}


def test_volumes_by_what_they_are(pod):
    assert set(map(str, pod.files)) == {"/etc/app/a.conf", "/etc/app/passwd", "/etc/passwd"}
    assert set(map(str, pod.folders)) == {"/tmp", "/dev/shm"}
    assert pod.claims == {PurePosixPath("/data"): "disk-of-app"}
    assert set(map(str, pod.secrets)) == {"/run/secrets/app"}


@pytest.mark.parametrize(
    ("text", "located"),
    [
        ("--file=/etc/app/a.conf", "--file=F/etc/app/a.conf"),
        ("/tmp", "F/tmp"),
        ("/etc/app /etc/app/other /etc/application", "F/etc/app F/etc/app/other /etc/application"),
        ("a:/tmp:b", "a:F/tmp:b"),
        ("'/tmp/spool' /data", "'F/tmp/spool' F/data"),
        ("/run/secrets/app/name", "F/run/secrets/app/name"),
        (
            "/tmpfiles /x/tmp /database /data-old x/tmp",
            "/tmpfiles /x/tmp /database /data-old x/tmp",
        ),
        ("http://host/data", "http://host/data"),
        ("/etc/passwd /etc/ssl", "F/etc/passwd /etc/ssl"),
    ],
)
def test_a_mounted_path_is_below_the_folder(pod, text, located):
    assert pod.located(text, PurePosixPath("F")) == located


def test_a_path_is_moved_once(pod):
    """The folder may itself be below a path that the pod mounts."""
    folder = PurePosixPath("/tmp/mlflow-x")
    assert pod.located("/tmp /data", folder) == "/tmp/mlflow-x/tmp /tmp/mlflow-x/data"


def test_a_config_map_that_is_not_there(built):
    with pytest.raises(LookupError, match="no ConfigMap settings among what kustomize built"):
        containers.pod([item for item in built if item.name != "settings"], "Deployment", "app")
