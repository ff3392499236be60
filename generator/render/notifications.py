"""apps/mlflow/overlays/<env>/notifications/: how Flux tells people what became of a commit."""

from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from generator import yaml
from generator.environment import Environment
from generator.files import File, header
from generator.render import apps_mlflow
from generator.secrets import table

FOLDER = "notifications"

_COMPONENTS = "../../../components/notifications"

Manifest = dict[str, object]


def are_sent(env: Environment) -> bool:
    """Whether Flux tells anybody anything."""
    return {env.notifications.commit_status, env.notifications.chat} != {"none"}


def files(env: Environment, encrypted: Collection[PurePosixPath]) -> Iterator[File]:
    """Yield the overlay. `encrypted`: the encrypted files that are there, for Flux to decrypt."""
    if not are_sent(env):
        return
    folder = apps_mlflow.folder(env)
    kustomization: Manifest = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
    }
    paths = [folder / kept.file for kept in table.kept(env) if kept is not table.PODS]
    there = [path.name for path in paths if path in encrypted]
    if there and env.secrets.provider == "sops":
        kustomization["resources"] = there
    patches = dict(_patches(env))
    kustomization["components"] = [f"{_COMPONENTS}/{name}" for name in patches]
    kustomization["patches"] = [{"path": "patches.yaml"}]
    manifests = [manifest for objects in patches.values() for manifest in objects]
    for name, text in (
        ("kustomization.yaml", yaml.dump(kustomization)),
        ("patches.yaml", yaml.dump(*manifests)),
    ):
        yield File(folder / FOLDER / name, header(env.name) + text)


def _patches(env: Environment) -> Iterator[tuple[str, list[Manifest]]]:
    """Each component's name, and what differs in it."""
    if env.notifications.commit_status != "none":
        spec: Manifest = {
            "type": env.notifications.commit_status,
            "address": env.git.url,
            # The status is called after the environment: clusters share their repository.
            "commitStatusExpr": f"'{env.name}/' + event.involvedObject.name",
        }
        yield "commit-status", [_object("Provider", table.COMMIT_STATUS, spec)]
    if env.notifications.chat != "none":
        metadata = {"environment": env.name}
        yield (
            "chat",
            [
                _object("Provider", table.CHAT, {"type": env.notifications.chat}),
                _object("Alert", table.CHAT, {"eventMetadata": metadata}),
            ],
        )


def _object(kind: str, kept: table.Kept, spec: Manifest) -> Manifest:
    """A Provider and an Alert have the name of the Secret that the Provider reads."""
    return {
        "apiVersion": "notification.toolkit.fluxcd.io/v1beta3",
        "kind": kind,
        "metadata": {"name": kept.name, "namespace": kept.namespace},
        "spec": spec,
    }
