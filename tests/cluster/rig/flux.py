"""A cluster -> one with Flux's kinds and controllers, run as AKS or `flux bootstrap` does."""

import enum
from functools import partial

from . import http
from .client import Client, Object, now
from .control_plane import ControlPlane
from .place import Place
from .processes import Processes
from .programs import Programs

NAMESPACE = "flux-system"
CONTROLLERS = ("source-controller", "kustomize-controller", "helm-controller")
TELLING = "notification-controller"
"""The one that hears of events and passes them on, where a cluster has it."""


class Flavour(enum.Enum):
    """Who runs the controllers: their flags differ, and with them what a repository may do."""

    AKS_EXTENSION = enum.auto()
    BOOTSTRAP = enum.auto()


def start(
    place: Place,
    programs: Programs,
    processes: Processes,
    plane: ControlPlane,
    flavour: Flavour,
    *,
    tells: bool,
) -> None:
    """Install Flux's kinds and start its controllers; return when each is ready."""
    controllers = (*([TELLING] if tells else []), *CONTROLLERS)
    plane.client.apply_kinds(programs.folder("flux-2.9") / "crds")
    plane.client.apply(*_accounts())
    config = plane.credentials("flux", user="flux")
    for number, name in enumerate(controllers):
        # One that starts removes what its predecessor left there, and must not meet a neighbour's.
        temporary = place.folder / "tmp" / name
        temporary.mkdir(parents=True, exist_ok=True)
        processes.start(
            name,
            [programs.find(name), *_flags(name, number, place, flavour, tells)],
            answers=partial(http.answers, f"http://{place.address}:{9440 + number}/readyz"),
            KUBECONFIG=str(config),
            RUNTIME_NAMESPACE=NAMESPACE,
            # The world outside shows certificates of the cluster's own authority.
            SSL_CERT_FILE=str(plane.authority.file),
            TMPDIR=str(temporary),
        )
    processes.wait_until_ready(*controllers)


def source(url: str, branch: str, *, name: str = NAMESPACE, interval: str = "10m") -> Object:
    """Return a GitRepository."""
    spec = {"interval": interval, "timeout": "20s", "url": url, "ref": {"branch": branch}}
    return _object("source.toolkit.fluxcd.io/v1", "GitRepository", name, spec)


def kustomization(name: str, path: str, **more: object) -> Object:
    """Return a Kustomization of the source above; `more` is put into its spec."""
    spec = {
        "interval": "10m",
        "retryInterval": "2s",
        "timeout": "5m",
        "path": path,
        "prune": True,
        "wait": True,
        "sourceRef": {"kind": "GitRepository", "name": NAMESPACE},
    }
    return _object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name, spec | more)


def reconcile(client: Client, kind: str, name: str) -> None:
    """Ask Flux to look now, as `flux reconcile` does."""
    change = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": now()}}}
    client.patch(kind, name, change, namespace=NAMESPACE)


def _flags(name: str, number: int, place: Place, flavour: Flavour, tells: bool) -> list[str]:
    events = f"{place.loopback}:9090"
    flags = [
        "--watch-all-namespaces",
        f"--metrics-addr={place.loopback}:{8180 + number}",
        f"--health-addr={place.address}:{9440 + number}",
    ]
    if name == TELLING:
        crosses = ["--no-cross-namespace-refs"] if flavour is Flavour.AKS_EXTENSION else []
        return [
            *flags,
            f"--events-addr={events}",
            f"--receiverAddr={place.loopback}:9292",
            *crosses,
        ]
    flags += [
        f"--events-addr={f'http://{events}/' if tells else ''}",
        "--requeue-dependency=1s",  # 30 s by default
    ]
    if name == "source-controller":
        storage = place.folder / "source"
        storage.mkdir(exist_ok=True)
        address = f"{place.loopback}:9790"
        flags += [f"--storage-path={storage}", f"--storage-addr={address}"]
        flags += [f"--storage-adv-addr={address}"]
    elif flavour is Flavour.AKS_EXTENSION:
        flags += ["--default-service-account=flux-applier", "--no-cross-namespace-refs"]
    if name == "kustomize-controller":
        strict = "true" if flavour is Flavour.BOOTSTRAP else "false"  # Flux 2.9 and AKS's 2.6
        gates = f"StrictPostBuildSubstitutions={strict},CancelHealthCheckOnNewRevision=true"
        flags += ["--no-remote-bases", f"--feature-gates={gates}"]
    return flags


def _accounts() -> list[Object]:
    """The controllers' rights, and those of the account that AKS's Flux applies as."""
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    user = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "flux"}
    account = {"kind": "ServiceAccount", "name": "flux-applier", "namespace": NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        _object("v1", "ServiceAccount", "flux-applier"),
        *(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": subject["name"]},
                "roleRef": role,
                "subjects": [subject],
            }
            for subject in (user, account)
        ),
    ]


def _object(version: str, kind: str, name: str, spec: Object | None = None) -> Object:
    meta = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": version, "kind": kind, "metadata": meta} | (
        {"spec": spec} if spec else {}
    )
