"""What must hold between the fields of one environment, and between environments."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from generator.environment import mlflow_versions, nodes
from generator.environment.mlflow import BACKUPS
from generator.environment.model import Environment
from generator.yaml import Location

Finding = tuple[Location, str]
Claim = tuple[str, object]
"""A kind of thing, and which of that kind."""

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
        _hosts,
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


def _hosts(env: Environment) -> Iterator[Finding]:
    seen: set[str] = set()
    for at, host in enumerate(env.apps.mlflow.exposure.hosts):
        if host in seen:
            yield (
                ("apps", "mlflow", "exposure", "hosts", at),
                f"is {host} again, as case, a final full stop and the port make no difference; "
                "keep one of them",
            )
        seen.add(host)


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
    owners: dict[Claim, str] = {}
    for env in environments:
        for location, claim in _claims(env):
            owner = owners.setdefault(claim, env.name)
            if owner != env.name:
                yield (
                    env.name,
                    location,
                    f"is {owner}'s too (environments/{owner}.yaml), and each would act on the "
                    "other's; give one of them another name",
                )


def _claims(env: Environment) -> Iterator[tuple[Location, Claim]]:
    """Where an environment's file names what it must have for itself, and what that is."""
    mlflow = env.apps.mlflow
    # Azure's names have no case. What is in a group, PostgreSQL's disk too, is found by the group.
    group = (env.azure.subscription, env.azure.resource_group.lower())
    yield ("azure", "resource_group"), ("group", group)
    yield ("apps", "mlflow", "artifacts", "account"), ("account", mlflow.artifacts.account)
    if env.secrets.key_vault:
        yield ("secrets", "key_vault"), ("vault", env.secrets.key_vault.lower())
    exposure: Location = ("apps", "mlflow", "exposure")
    if env.azure_name:
        yield (*exposure, "dns_label"), ("host", env.azure_name)
    for at, host in enumerate(mlflow.exposure.hosts):
        yield (*exposure, "hosts", at), ("host", host)
    if mlflow.exposure.tls:
        yield (*exposure, "tls", "host"), ("host", mlflow.exposure.tls.host)
