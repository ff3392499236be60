"""An environment, typed: every value that may differ between two environments."""

from typing import Literal, Self

from pydantic import Field, model_validator

from generator.environment import types
from generator.environment.base import Model
from generator.environment.mlflow import Mlflow

# Azure takes 50 on a resource. The cluster's also hold the digests of what was handed over to it:
# the age key and two of notifications.
_TAGS = 50 - 3

PLACEHOLDER_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


class Azure(Model):
    """Where in Azure the environment lives."""

    subscription: types.Uuid
    """The subscription's id. All zeros is a placeholder: it renders, but cannot be provisioned."""
    location: types.Location = "centralindia"
    """The region of every resource."""
    resource_group: types.ResourceGroup
    """The resource group that holds the environment, and nothing else. No other may share it."""
    tags: dict[types.TagName, types.TagValue] = Field(default={}, max_length=_TAGS)
    """Tags on every resource. Tags that others put there stay."""


class Git(Model):
    """The repository that Flux follows: yours."""

    url: types.GitUrl
    """https:// or ssh:// address."""
    branch: types.GitBranch = "main"
    """The branch that Flux follows."""
    auth: Literal["none", "ssh", "token"] = "none"
    """`none`: a public repository. `ssh`: a deploy key. `token`: an access token over https."""

    @model_validator(mode="after")
    def _auth_fits_url(self) -> Self:
        ssh = self.url.startswith("ssh://")
        if ssh and self.auth != "ssh":
            raise ValueError("an ssh:// url needs auth: ssh")
        if self.auth == "ssh" and not ssh:
            raise ValueError("auth: ssh needs a url that starts with ssh://git@")
        return self


class Nodes(Model):
    """The cluster's one node pool."""

    size: str = "Standard_D4as_v5"
    """The VM size. Four cores leave room for a second MLflow pod while a rollout runs."""
    count: int = Field(default=1, ge=1, le=100)
    """Nodes; with max_count, the fewest."""
    max_count: int | None = Field(default=None, ge=1, le=100)
    """Turns the cluster autoscaler on: it adds nodes up to this many."""

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.max_count is not None and self.max_count < self.count:
            raise ValueError(f"max_count {self.max_count} is less than count {self.count}")
        return self


class Cluster(Model):
    """The AKS cluster."""

    name: types.ClusterName
    """The cluster's name in its resource group."""
    kubernetes_version: Literal["1.35", "1.36", "1.37"] = "1.36"
    """Minor version, in quotes. AKS keeps the patch version current."""
    tier: Literal["free", "standard", "premium"] = "free"
    """AKS pricing tier; `standard` and `premium` come with an uptime SLA."""
    nodes: Nodes = Nodes()
    admins: tuple[types.Uuid, ...] = Field(default=(), strict=False)
    """Entra object ids of users or groups that administer the cluster. Local accounts are off."""


class Secrets(Model):
    """Where passwords and keys are kept. Never in this file."""

    provider: Literal["key-vault", "sops"] = "key-vault"
    """`key-vault`: Azure Key Vault, mounted by its CSI driver. `sops`: in Git, encrypted by age."""
    key_vault: types.KeyVaultName | None = None
    """The vault's name, unique in all of Azure. Only `key-vault` uses it; it may stay for sops."""
    revision: int = Field(default=1, ge=1)
    """Raised by `gen secrets rotate`, so that pods restart with what is new."""

    @model_validator(mode="after")
    def _vault_is_named(self) -> Self:
        if self.provider == "key-vault" and self.key_vault is None:
            raise ValueError("provider key-vault needs key_vault, the vault's name")
        return self


class Notifications(Model):
    """What Flux tells people after a merge. Left out: nothing."""

    commit_status: Literal["none", "github", "gitlab", "azuredevops"] = "none"
    """What `git.url` is: Flux says at each commit how it went. Secret: `commit-status-token`."""
    chat: Literal["none", "slack", "msteams"] = "none"
    """Flux says there what failed, and why. Secret: `chat-webhook`."""


class Apps(Model):
    """What runs in the cluster."""

    mlflow: Mlflow


class Values(Model):
    """An environment file, complete. Environment files are not merged and do not inherit."""

    azure: Azure
    git: Git
    cluster: Cluster
    secrets: Secrets
    notifications: Notifications = Notifications()
    apps: Apps


class Environment(Values):
    """One environment: the values, and the name that its file gave it."""

    name: types.EnvironmentName

    @property
    def managed_identity(self) -> str:
        """What the pods are in Azure. The names of GitHub's identities begin with it."""
        return f"id-{self.cluster.name}"

    @property
    def node_resource_group(self) -> str:
        """The group that AKS makes for the cluster's nodes, disks and addresses."""
        return f"MC_{self.azure.resource_group}_{self.cluster.name}_{self.azure.location}"

    @property
    def public_name(self) -> str | None:
        """The server's DNS name: its own, or the one that Azure gives its public address."""
        tls = self.apps.mlflow.exposure.tls
        return tls.host if tls else self.azure_name

    @property
    def azure_name(self) -> str | None:
        """The DNS name that Azure gives the server's public address."""
        label = self.apps.mlflow.exposure.dns_label
        return f"{label}.{self.azure.location}.cloudapp.azure.com" if label else None

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every name that people may reach the server by, public_name first."""
        names = (self.public_name, *self.apps.mlflow.exposure.hosts)
        return tuple(dict.fromkeys(filter(None, names)))
