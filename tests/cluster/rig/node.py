"""A control plane and images -> one node of it: containerd, kubelet, kube-proxy and CoreDNS."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import certificates, cgroups
from .client import is_ready
from .control_plane import POD_NETWORK, ControlPlane
from .place import Place
from .processes import Processes
from .programs import Programs
from .store import PAUSE


def start(
    place: Place,
    programs: Programs,
    processes: Processes,
    plane: ControlPlane,
) -> None:
    """Start a node; return when it is Ready and pods may be made."""
    folder = place.folder / "node"
    folder.mkdir()
    cgroups.create(place.name)
    socket = folder / "containerd.sock"
    processes.start(
        "containerd",
        ["containerd", "--config", _containerd(place, programs, folder, socket)],
        answers=lambda: _succeeds(["ctr", "--address", str(socket), "version"]),
    )
    processes.wait_until_ready("containerd")
    plane.client.apply(_proxier())
    processes.start(
        "kubelet", [programs.find("kubelet"), *_kubelet_flags(place, plane, folder, socket)]
    )
    proxy = _write(folder / "kube-proxy.json", _kube_proxy(place, plane))
    processes.start("kube-proxy", [programs.find("kube-proxy"), f"--config={proxy}"])
    corefile = folder / "Corefile"
    corefile.write_text(_corefile(place, plane))
    processes.start("coredns", [programs.find("coredns"), "-conf", corefile])
    plane.client.wait_for("Node", place.name, is_ready)


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def _containerd(place: Place, programs: Programs, folder: Path, socket: Path) -> Path:
    network = {
        "cniVersion": "1.0.0",
        "name": "rig",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                "ipMasq": True,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": POD_NETWORK.replace("/16", "/24")}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                    "dataDir": "/run/cni",
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
    (folder / "cni").mkdir()
    _write(folder / "cni" / "10-rig.conflist", network)
    path = folder / "containerd.toml"
    path.write_text(f"""\
version = 2
root = "{place.folder / "containerd"}"
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "/run/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true  # a root without CAP_SYS_RESOURCE may not lower it
  disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = false
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{programs.folder("cni-plugins") / "bin"}"
  conf_dir = "{folder / "cni"}"
""")
    return path


def _kubelet_flags(place: Place, plane: ControlPlane, folder: Path, socket: Path) -> list[str]:
    credentials = plane.credentials(
        "kubelet", user=f"system:node:{place.name}", group="system:nodes"
    )
    serving = certificates.server(plane.authority, "kubelet-serving", [place.name, place.address])
    (folder / "resolv.conf").touch()  # pods know the cluster's names only
    config = _write(folder / "kubelet.json", _kubelet(place, plane, serving, socket, folder))
    return [
        f"--config={config}",
        f"--kubeconfig={credentials}",
        f"--hostname-override={place.name}",
        f"--node-ip={place.address}",
        f"--root-dir={folder / 'kubelet'}",
    ]


def _kubelet(
    place: Place, plane: ControlPlane, serving: certificates.Pair, socket: Path, folder: Path
) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": place.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(plane.authority.file)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(serving.certificate),
        "tlsPrivateKeyFile": str(serving.key),
        "containerRuntimeEndpoint": f"unix://{socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{place.name}",
        "failCgroupV1": False,  # it still works there, and this is where many machines are
        "oomScoreAdj": 0,  # a root without CAP_SYS_RESOURCE may not lower it
        "maxOpenFiles": 20000,
        "failSwapOn": False,
        "clusterDomain": "cluster.local",
        "clusterDNS": [place.address],
        "resolvConf": str(folder / "resolv.conf"),
        "podLogsDir": str(folder / "pod-logs"),
        "volumePluginDir": str(folder / "volume-plugins"),
        "imageGCHighThresholdPercent": 100,  # an image that went could not be pulled again
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
        },
        "nodeStatusUpdateFrequency": "5s",
    }


def _kube_proxy(place: Place, plane: ControlPlane) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "bindAddress": place.address,
        "hostnameOverride": place.name,
        "clusterCIDR": POD_NETWORK,
        "clientConnection": {
            "kubeconfig": str(plane.credentials("kube-proxy", user="system:kube-proxy"))
        },
        "conntrack": {"maxPerCore": 0, "min": 0},  # limits of the whole machine: leave them
    }


def _corefile(place: Place, plane: ControlPlane) -> str:
    config = plane.credentials("coredns", user="coredns", group="system:masters")
    return f"""\
cluster.local:53 in-addr.arpa:53 {{
    bind {place.address}
    errors
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {config} rig
        ttl 5
    }}
}}
"""


def _proxier() -> dict[str, object]:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "kube-proxy"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "system:node-proxier"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "system:kube-proxy"}],
    }


def _write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content, indent=1))
    return path
