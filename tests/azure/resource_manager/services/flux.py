"""The Flux extension of a cluster, and what Flux is configured to follow."""

from ..cloud import Body, Cloud
from ..kinds import Kind
from ..messages import Refused
from ..routes import Routes

_NAMESPACE = "Microsoft.KubernetesConfiguration"
routes = Routes()


def _extension(cloud: Cloud, after: Body, before: Body | None) -> None:
    properties = after["properties"]
    if properties.get("extensionType", "").lower() != "microsoft.flux":
        raise Refused(400, "ExtensionTypeNotFound", f"No {properties.get('extensionType')!r} here.")
    properties.setdefault("currentVersion", "1.19.5")
    _forget_secrets(properties)


def _configuration(cloud: Cloud, after: Body, before: Body | None) -> None:
    properties = after["properties"]
    cluster = after["id"].partition(f"/providers/{_NAMESPACE}/")[0]
    extension = cloud.get(f"{cluster}/providers/{_NAMESPACE}/extensions/flux")
    if not extension or extension["properties"].get("provisioningState") != "Succeeded":
        raise Refused(400, "ExtensionNotReady", "The microsoft.flux extension is not ready.")
    protected = properties.get("configurationProtectedSettings") or {}
    repository = properties.get("gitRepository", {})
    if repository.get("url", "").startswith("ssh://") and "sshPrivateKey" not in protected:
        old = (before or {}).get("properties", {})
        properties["repositoryPublicKey"] = old.get("repositoryPublicKey") or (
            f"ssh-ed25519 {cloud.guid(after['id'] + ' key')}"
        )
    for name, kustomization in properties.get("kustomizations", {}).items():
        kustomization["name"] = name
    cloud.protected.update(protected)
    _forget_secrets(properties)


def _forget_secrets(properties: Body) -> None:
    """Azure never gives them back."""
    if protected := properties.get("configurationProtectedSettings"):
        properties["configurationProtectedSettings"] = dict.fromkeys(protected, "")


KINDS = (
    Kind(
        type=f"{_NAMESPACE}/extensions",
        sdk="kubernetesconfiguration.extensions",
        versions=("2025-03-01",),
        model="Extension",
        change="PatchExtension",
        fixed=("properties.extensionType",),
        slow=True,
        prepare=_extension,
    ),
    Kind(
        type=f"{_NAMESPACE}/fluxConfigurations",
        sdk="kubernetesconfiguration.fluxconfigurations",
        versions=("2025-04-01",),
        model="FluxConfiguration",
        change="FluxConfigurationPatch",
        name=r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?",
        fixed=("properties.namespace", "properties.scope"),
        slow=True,
        prepare=_configuration,
    ),
)
