"""What must hold between the fields of one environment, and between environments."""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from generator.environment import mlflow_versions, nodes
from generator.environment.mlflow import BACKUPS
from generator.environment.model import Environment
from generator.yaml import Location

Finding = tuple[Location, str]

# PostgreSQL takes 200 connections (apps/mlflow/base/data), three of them only from its superuser.
_CONNECTIONS = 197

# Azure limits the name of the group that AKS makes for its nodes.
_NODE_RESOURCE_GROUP = 80


def within(environment: Environment) -> Iterator[Finding]:
    """Yield what is wrong in one environment whose fields are each right."""
    for rule in (
        _tags,
        _node_resource_group,
        _pods_fit,
        _connections,
        _image,
        _denials,
        _identity,
        _backups,
        _commit_status,
        _chart,
    ):
        yield from rule(environment)


def _tags(env: Environment) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for name in env.azure.tags:
        first = seen.setdefault(name.lower(), name)
        if first != name:
            yield (
                ("azure", "tags", name),
                f"is {first} again, as case makes no difference to Azure; keep one of them",
            )


def _node_resource_group(env: Environment) -> Iterator[Finding]:
    name = env.node_resource_group
    if len(name) > _NODE_RESOURCE_GROUP:
        yield (
            ("cluster", "name"),
            f"AKS would name its node resource group {name}, {len(name)} characters where "
            f"{_NODE_RESOURCE_GROUP} are allowed; shorten this or azure.resource_group",
        )


def _pods_fit(env: Environment) -> Iterator[Finding]:
    pool, mlflow = env.cluster.nodes, env.apps.mlflow
    message = nodes.problem(
        pool.size, pool.max_count or pool.count, mlflow.replicas, mlflow.resources
    )
    if message:
        yield ("cluster", "nodes"), message


def _connections(env: Environment) -> Iterator[Finding]:
    mlflow = env.apps.mlflow
    if mlflow.image.row is None:  # another rule's
        return
    most = _CONNECTIONS // mlflow.image.series.connections
    workers = (mlflow.replicas + 1) * mlflow.workers
    if workers > most:
        yield (
            ("apps", "mlflow", "workers"),
            f"{mlflow.replicas} replicas and the extra pod of a rolling update run {workers} "
            f"workers, more than the {most} that PostgreSQL has connections for; "
            "lower workers or replicas",
        )


def _image(env: Environment) -> Iterator[Finding]:
    image = env.apps.mlflow.image
    if image.row is None:
        yield ("apps", "mlflow", "image", "tag"), mlflow_versions.refusal(image.name, image.tag)


def _denials(env: Environment) -> Iterator[Finding]:
    image = env.apps.mlflow.image
    if image.migrate_without_denials and image.row and image.row.series.keeps_denials:
        yield (
            ("apps", "mlflow", "image", "migrate_without_denials"),
            f"{image.tag} keeps NO_PERMISSIONS grants; leave it out until the tag is MLflow 3's",
        )


def _identity(env: Environment) -> Iterator[Finding]:
    image = env.apps.mlflow.image
    asked = env.apps.mlflow.artifacts.access == "workload-identity"
    if asked and image.row and not image.row.azure_identity:
        yield (
            ("apps", "mlflow", "artifacts", "access"),
            f"workload-identity needs an image with azure-identity, which {image.name}:{image.tag} "
            "lacks; use account-key, or ghcr.io/mlflow/mlflow with a -full tag",
        )


def _backups(env: Environment) -> Iterator[Finding]:
    mlflow = env.apps.mlflow
    if mlflow.backup and mlflow.artifacts.container == BACKUPS:
        yield (
            ("apps", "mlflow", "artifacts", "container"),
            f"{BACKUPS} is where the backups go; choose another",
        )


def _chart(env: Environment) -> Iterator[Finding]:
    mlflow = env.apps.mlflow
    if mlflow.delivery == "helm" and mlflow.exposure.tls:
        yield (
            ("apps", "mlflow", "exposure", "tls"),
            "the chart's probes cannot speak https; use delivery: kustomize, or leave tls out",
        )


# Who answers at another host, one of people's own, is not for us to know.
_HOSTS = {"github.com": "github", "gitlab.com": "gitlab", "dev.azure.com": "azuredevops"}
_REPOSITORIES = {
    "azuredevops": ("ORGANISATION/PROJECT/_git/REPOSITORY", r"/[^/]+/[^/]+/_git/[^/]+"),
    "github": ("OWNER/REPOSITORY", r"/[^/]+/[^/]+/?"),
}


def _commit_status(env: Environment) -> Iterator[Finding]:
    kind, url = env.notifications.commit_status, urlsplit(env.git.url)
    if kind == "none":
        return
    known = _HOSTS.get(url.hostname or "", kind)
    path, pattern = _REPOSITORIES.get(kind, ("", ".*"))
    if kind != known:
        message = f"{kind}: git.url is on {url.hostname}; set {known}"
        yield ("notifications", "commit_status"), message
    elif not re.fullmatch(pattern, url.path):
        message = f"{kind} needs a git.url as https://{url.hostname}/{path}"
        yield ("notifications", "commit_status"), message


def between(environments: Iterable[Environment]) -> Iterator[tuple[str, Location, str]]:
    """Yield an environment's name, a location and what is wrong: something is another's already."""
    owners: dict[tuple[object, ...], str] = {}
    for env in environments:
        for location, thing in _claims(env).items():
            owner = owners.setdefault((location, thing), env.name)
            if owner != env.name:
                yield (
                    env.name,
                    location,
                    f"is {owner}'s too (environments/{owner}.yaml), and each would act on the "
                    "other's; give one of them another name",
                )


def _claims(env: Environment) -> Mapping[Location, object]:
    """What an environment must have for itself, and where its file names it."""
    mlflow = env.apps.mlflow
    # Azure's names have no case. What is in a group, PostgreSQL's disk too, is found by the group.
    group = (env.azure.subscription, env.azure.resource_group.lower())
    claims: dict[Location, object] = {
        ("azure", "resource_group"): group,
        ("apps", "mlflow", "artifacts", "account"): mlflow.artifacts.account,
    }
    if env.secrets.key_vault:
        claims["secrets", "key_vault"] = env.secrets.key_vault.lower()
    if mlflow.exposure.dns_label:
        claims["apps", "mlflow", "exposure", "dns_label"] = (
            env.azure.location,
            mlflow.exposure.dns_label,
        )
    if mlflow.exposure.tls:
        claims["apps", "mlflow", "exposure", "tls", "host"] = mlflow.exposure.tls.host
    return claims
