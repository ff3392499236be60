"""Programs, certificates and an address -> etcd, API server, controller manager, scheduler."""

from dataclasses import dataclass
from pathlib import Path

from . import certificates
from .client import Client
from .place import Place
from .processes import Processes
from .programs import Programs

SERVICE_NETWORK = "10.96.0.0/16"
POD_NETWORK = "10.244.0.0/16"


@dataclass(frozen=True)
class ControlPlane:
    """What the rest of the cluster needs to join in."""

    authority: certificates.Authority
    url: str
    kubeconfig: Path
    client: Client

    def credentials(self, name: str, *, user: str, group: str | None = None) -> Path:
        """Make a kubeconfig for one more program or person."""
        return certificates.kubeconfig(self.authority, name, self.url, user=user, group=group)


def start(place: Place, programs: Programs, processes: Processes) -> ControlPlane:
    """Start the four servers and wait until each is ready."""
    url = f"https://{place.address}:6443"
    ca = certificates.authority(place.folder / "certificates", "ca")
    admin = certificates.kubeconfig(ca, "admin", url, user="admin", group="system:masters")
    plane = ControlPlane(ca, url, admin, Client(admin))
    processes.start("etcd", [programs.find("etcd"), *_etcd_flags(place, ca)])
    processes.start(
        "kube-apiserver",
        [programs.find("kube-apiserver"), *_api_flags(place, ca)],
        answers=lambda: plane.client.answers("/readyz"),
    )
    processes.wait_until_ready("kube-apiserver")
    for name, flags in (
        ("kube-controller-manager", _controller_manager_flags(ca)),
        ("kube-scheduler", []),
    ):
        config = plane.credentials(name, user=f"system:{name}")
        kinds = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
        shared = ["--leader-elect=false", f"--bind-address={place.loopback}"]
        command = [*(f"--{kind}={config}" for kind in kinds), *shared, *flags]
        processes.start(name, [programs.find(name), *command])
    return plane


def _etcd_flags(place: Place, ca: certificates.Authority) -> list[str]:
    pair = certificates.server(ca, "etcd", [place.loopback])
    clients, peers = (f"https://{place.loopback}:{port}" for port in (2379, 2380))
    return [
        f"--data-dir={place.folder / 'etcd'}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        *(f"--{prefix}cert-file={pair.certificate}" for prefix in ("", "peer-")),
        *(f"--{prefix}key-file={pair.key}" for prefix in ("", "peer-")),
        *(f"--{prefix}trusted-ca-file={ca.file}" for prefix in ("", "peer-")),
        *(f"--{prefix}client-cert-auth" for prefix in ("", "peer-")),
        "--unsafe-no-fsync",  # it only has to survive a killed process, not a power cut
    ]


def _api_flags(place: Place, ca: certificates.Authority) -> list[str]:
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    names.append("kubernetes.default.svc.cluster.local")
    serving = certificates.server(ca, "kube-apiserver", [place.address, "10.96.0.1", *names])
    etcd = certificates.client(ca, "etcd-client", user="kube-apiserver")
    kubelet = certificates.client(
        ca, "kubelet-client", user="kube-apiserver", group="system:masters"
    )
    front = certificates.authority(ca.folder, "front-proxy-ca")
    proxy = certificates.client(front, "front-proxy", user="front-proxy")
    tokens = certificates.signing_key(ca.folder / "service-accounts.key")
    return [
        f"--etcd-servers=https://{place.loopback}:2379",
        f"--etcd-cafile={ca.file}",
        f"--etcd-certfile={etcd.certificate}",
        f"--etcd-keyfile={etcd.key}",
        f"--bind-address={place.address}",
        # The kubernetes Service cannot point to a loopback address, and only pods would ask it.
        f"--advertise-address={place.address}" if place.node else "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--client-ca-file={ca.file}",
        f"--tls-cert-file={serving.certificate}",
        f"--tls-private-key-file={serving.key}",
        f"--kubelet-certificate-authority={ca.file}",
        f"--kubelet-client-certificate={kubelet.certificate}",
        f"--kubelet-client-key={kubelet.key}",
        "--kubelet-preferred-address-types=InternalIP",  # no DNS knows the node's name
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={tokens}",
        f"--service-account-signing-key-file={tokens}",
        f"--requestheader-client-ca-file={front.file}",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={proxy.certificate}",
        f"--proxy-client-key-file={proxy.key}",
    ]


def _controller_manager_flags(ca: certificates.Authority) -> list[str]:
    return [
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={ca.folder / 'service-accounts.key'}",
        f"--root-ca-file={ca.file}",
        f"--cluster-signing-cert-file={ca.file}",
        f"--cluster-signing-key-file={ca.folder / 'ca.key'}",
        "--allocate-node-cidrs=true",
        f"--cluster-cidr={POD_NETWORK}",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
    ]
