"""Environment -> infra/<env>/: the environment's Azure resources, declared in one script."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import jinja2

from generator.environment import Environment
from generator.environment.mlflow import BACKUPS
from generator.files import File, header
from generator.render import notifications
from generator.secrets import table

_SCRIPT = "azure-resource-provisioning.sh"


@dataclass(frozen=True)
class Variable:
    """A shell variable, in the place of a word."""

    name: str

    def __str__(self) -> str:
        return f'"${self.name}"'


Word = str | int | Variable
Words = tuple[Word, ...]


@dataclass(frozen=True)
class Line:
    """A call of a function of infra/lib/, which declares one resource or result."""

    words: tuple[Word, ...]

    def __str__(self) -> str:
        return " ".join(map(_shell, self.words))


@dataclass(frozen=True)
class Comment:
    """What the lines below have in common. Written here, never taken from a value."""

    text: str

    def __str__(self) -> str:
        return f"# {self.text}"


Section = tuple[Comment, list[Line]]


def _shell(value: object) -> str:
    """Return one word of shell; every `{{ }}` of the template passes here."""
    return str(value) if isinstance(value, Variable | Line | Comment) else shlex.quote(str(value))


_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("generator.render", "templates/infra"),
    undefined=jinja2.StrictUndefined,
    finalize=_shell,
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # noqa: S701 - this is shell, not HTML: finalize quotes it
)


def files(env: Environment) -> Iterator[File]:
    """Yield the provisioning script."""
    body = _TEMPLATES.get_template(f"{_SCRIPT}.j2").render(
        parameters=parameters(env),
        tags=[f"{name}={value}" for name, value in sorted(env.azure.tags.items())],
        sections=list(sections(env)),
        results=list(results(env)),
    )
    shebang, _, rest = body.partition("\n")
    text = f"{shebang}\n{header(env.name)}{rest}"
    yield File(script(env.name), text, executable=True)


def script(name: str) -> PurePosixPath:
    """Return where the provisioning script of the environment `name` stands."""
    return PurePosixPath("infra", name, _SCRIPT)


def parameters(env: Environment) -> dict[str, Word]:
    """Return what every declaration may use, by its name in infra/lib/."""
    nodes = env.cluster.nodes
    return {
        "environment": env.name,
        "subscription": env.azure.subscription,
        "location": env.azure.location,
        "resource_group": env.azure.resource_group,
        "kubernetes_version": env.cluster.kubernetes_version,
        "tier": env.cluster.tier,
        "node_size": nodes.size,
        "node_count": nodes.count,
        "node_max_count": "" if nodes.max_count is None else nodes.max_count,
        "database_disk": env.apps.mlflow.database.disk or "",
    }


def sections(env: Environment) -> Iterator[Section]:
    """Yield the environment's resources in order of dependency."""
    for title, declared in _RESOURCES:
        if lines := [Line(words) for words in declared(env)]:
            yield Comment(title), lines


def _providers(env: Environment) -> Iterator[Words]:
    for name in (
        "Compute",
        "ContainerService",
        "KeyVault",
        "KubernetesConfiguration",
        "ManagedIdentity",
        "Network",
        "Storage",
    ):
        yield "provider", f"Microsoft.{name}"


def _group(env: Environment) -> Iterator[Words]:
    yield ("resource_group",)


def _storage(env: Environment) -> Iterator[Words]:
    artifacts = env.apps.mlflow.artifacts
    yield "storage_account", artifacts.account, artifacts.access
    yield "blob_service", artifacts.account
    yield "blob_container", artifacts.account, artifacts.container
    if env.apps.mlflow.backup:
        yield "blob_container", artifacts.account, BACKUPS


def _pods(env: Environment) -> Iterator[Words]:
    yield "managed_identity", "pods", env.managed_identity


def _vault(env: Environment) -> Iterator[Words]:
    if env.secrets.provider != "key-vault":
        return
    vault, account = str(env.secrets.key_vault), env.apps.mlflow.artifacts.account
    scope = Variable("vault_scope")
    yield "key_vault", vault
    yield "person_role", "you", Variable("caller"), "secrets_officer", scope
    yield "identity_role", "pods", Variable("pods_principal_id"), "secrets_user", scope
    for secret in table.needed(env):
        if secret.kept is not table.PODS:
            continue  # Flux reads no vault: _flux hands it over
        if secret.length:
            yield "random_secret", vault, secret.name, secret.length
        elif secret.given:
            yield "given_secret", vault, secret.name, secret.variable
        else:
            yield "storage_connection_secret", vault, secret.name, account


def _cluster(env: Environment) -> Iterator[Words]:
    name = env.cluster.name
    yield "aks_cluster", name, env.secrets.provider
    yield "maintenance_window", name, "aksManagedAutoUpgradeSchedule"
    yield "maintenance_window", name, "aksManagedNodeOSUpgradeSchedule"
    principal = Variable("cluster_principal_id")
    yield "identity_role", "cluster", principal, "contributor", Variable("group_scope")
    for admin in env.cluster.admins:
        yield "person_role", admin, admin, "cluster_admin", Variable("cluster_scope")


def _credentials(env: Environment) -> Iterator[Words]:
    for account in table.workloads(env):
        subject = f"system:serviceaccount:mlflow:{account}"
        yield (
            "federated_credential",
            env.managed_identity,
            account,
            Variable("cluster_issuer"),
            subject,
        )
    if env.apps.mlflow.artifacts.access == "workload-identity":
        scope = Variable("storage_scope")
        yield "identity_role", "pods", Variable("pods_principal_id"), "blob_contributor", scope


def _flux(env: Environment) -> Iterator[Words]:
    name, git = env.cluster.name, env.git
    yield "flux_extension", name, *_controllers(env)
    if env.secrets.provider == "sops":
        yield "age_key", name
    else:
        for secret in table.needed(env, table.FLUX):
            yield "notification_secret", name, secret.kept.name, secret.key, secret.variable
    yield "flux_configuration", name, git.url, git.branch, git.auth, f"./clusters/{env.name}"


def _controllers(env: Environment) -> Iterator[Word]:
    """Those of Flux that only some environments need."""
    if env.apps.mlflow.delivery == "helm":
        yield "helm"
    if notifications.are_sent(env):
        yield "notification"


def github_repository(env: Environment) -> str | None:
    """Return OWNER/REPOSITORY where `git.url` is on GitHub."""
    url = urlsplit(env.git.url)
    return url.path.strip("/").removesuffix(".git") if url.hostname == "github.com" else None


def _github(env: Environment) -> Iterator[Words]:
    """The GitHub environments NAME-plan and NAME: people must approve what uses the second."""
    if not (repository := github_repository(env)):
        return
    for job, place in (("plan", f"{env.name}-plan"), ("apply", env.name)):
        name, who = f"{env.managed_identity}-{job}", f"github-{job}"
        principal = Variable(f"github_{job}_principal_id")
        yield "managed_identity", f"github_{job}", name
        yield "github_credential", name, repository, place
        yield "identity_role", who, principal, "reader", Variable("subscription_scope")
        if job == "apply":
            yield "identity_role", who, principal, "owner", Variable("group_scope")


_RESOURCES: tuple[tuple[str, Callable[[Environment], Iterator[Words]]], ...] = (
    ("What the subscription must be allowed to use", _providers),
    ("Where everything lives", _group),
    ("MLflow's artifacts", _storage),
    ("Who the pods are, in Azure", _pods),
    ("Passwords and keys", _vault),
    ("The cluster", _cluster),
    ("The service accounts that act as the pods' identity, and what it may do", _credentials),
    ("Flux, which installs everything else from Git", _flux),
    ("GitHub Actions: one identity reads, one changes", _github),
)


def results(env: Environment) -> Iterator[Line]:
    """Yield what `outputs` tells."""
    values: dict[str, Word] = {
        "tenant_id": Variable("tenant"),
        "client_id": Variable("pods_client_id"),
        "issuer": Variable("cluster_issuer"),
    }
    if github_repository(env):
        values["github_plan_client_id"] = Variable("github_plan_client_id")
        values["github_apply_client_id"] = Variable("github_apply_client_id")
    if env.git.auth == "ssh":
        values["deploy_key"] = Variable("flux_public_key")
    for name, value in values.items():
        yield Line(("result", name, value))
    yield Line(("server_address", env.apps.mlflow.exposure.kind))
    yield Line(("facts_command",))
