"""apps.mlflow: the MLflow tracking server, its database and its artifacts."""

from typing import Literal, Self

from pydantic import Field, model_validator

from generator.environment import mlflow_versions, types
from generator.environment.base import Model

BACKUPS = "backups"
"""The blob container of the backups, beside that of the artifacts."""


class Image(Model):
    """The MLflow server's container image."""

    name: types.ImageName = "burakince/mlflow"
    """Registry and repository, without the tag."""
    tag: types.ImageTag = "2.22.0"
    """An exact version that the manifests serve: docs/upgrade.md has the table."""
    digest: types.Digest | None = None
    """Pins the image's content; the tag is then for people. `sha256:` and 64 digits."""
    migrate_without_denials: bool = False
    """Lets MLflow 3 migrate the users of 2.22 although it drops every NO_PERMISSIONS grant, and
    `auth.default_permission` then decides: docs/upgrade.md."""

    @property
    def row(self) -> mlflow_versions.Row | None:
        """The row of the table of supported images; None is refused by a rule."""
        return mlflow_versions.find(self.name, self.tag)

    @property
    def series(self) -> mlflow_versions.Series:
        """How the MLflow in it is started. Raises LookupError where no row holds the image."""
        if self.row is None:
            raise LookupError(mlflow_versions.refusal(self.name, self.tag))
        return self.row.series


class Memory(Model):
    """Memory of one MLflow pod."""

    request: types.Memory = "1Gi"
    """What the scheduler sets aside."""
    limit: types.Memory = "2Gi"
    """What ends the pod when exceeded. Two workers need about 450Mi at rest."""

    @model_validator(mode="after")
    def _limit_holds_request(self) -> Self:
        if types.mebibytes(self.request) > types.mebibytes(self.limit):
            raise ValueError(f"request {self.request} is more than limit {self.limit}")
        return self


class Resources(Model):
    """What one MLflow pod may use. CPU has no limit: throttling a start makes probes fail."""

    cpu: types.Cpu = "250m"
    """What the scheduler sets aside."""
    memory: Memory = Memory()


class Auth(Model):
    """MLflow's basic authentication."""

    admin: types.UserName = "admin"
    """The administrator's user name. The password is the secret `admin-password`."""
    default_permission: Literal["READ", "EDIT", "MANAGE", "NO_PERMISSIONS"] = "READ"
    """What a user may do with what nobody granted: experiments and models of others."""

    @property
    def others_read(self) -> bool:
        """Whether a user without a grant reads."""
        return self.default_permission != "NO_PERMISSIONS"


class Tls(Model):
    """https, under a name that is yours, with a certificate that you give it."""

    host: types.HostName
    """The server's name. The secrets `tls-certificate` and `tls-key` are for it."""
    revision: int = Field(default=1, ge=1)
    """Raised by `gen secrets set`, so that the server, and not its database, restarts with new
    ones."""


class Exposure(Model):
    """How clients reach the server."""

    kind: Literal["load-balancer", "internal"] = "load-balancer"
    """`load-balancer`: a public address. `internal`: an address in the cluster's network."""
    allowed_networks: tuple[types.Network, ...] = Field(default=(), strict=False)
    """IPv4 CIDRs that may reach the address. The whole internet, 0.0.0.0/0, must be written out."""
    dns_label: types.DnsLabel | None = None
    """Gives a public address the name LABEL.REGION.cloudapp.azure.com."""
    hosts: tuple[types.Host, ...] = Field(default=(), strict=False)
    """Further names under which people reach the server, such as a CNAME or what ends TLS before
    it. Case, a final full stop and the port make no difference; an IPv6 address stands in
    brackets."""
    tls: Tls | None = None
    """https on port 443. Without it, passwords cross the network in clear text."""

    @model_validator(mode="after")
    def _is_limited(self) -> Self:
        if self.kind == "load-balancer" and not self.allowed_networks:
            raise ValueError(
                "a public load balancer needs allowed_networks; "
                "list the networks of your clients, or [0.0.0.0/0] for the whole internet"
            )
        if self.kind == "internal" and self.dns_label:
            raise ValueError("dns_label names a public address; an internal one has none")
        return self


class Database(Model):
    """Where runs, parameters, metrics and users are kept."""

    kind: Literal["in-cluster"] = "in-cluster"
    """`in-cluster`: PostgreSQL as a StatefulSet on a persistent volume."""
    storage: types.Storage = "8Gi"
    """The volume's size. It can grow, never shrink."""
    disk: types.DiskName | None = None
    """A disk that `destroy` kept in the resource group, for a new cluster to go on with."""


class Artifacts(Model):
    """The blob container that models, plots and files are kept in."""

    account: types.StorageAccount
    """The storage account's name, unique in all of Azure."""
    container: types.BlobContainer = "artifactroot"
    """The blob container in it."""
    access: Literal["account-key", "workload-identity"] = "account-key"
    """`account-key`: a connection string. `workload-identity`: no secret at all, but an image
    with azure-identity."""


class Backup(Model):
    """Both databases, in the blob container `backups` of the artifacts' account."""

    schedule: types.Schedule = "17 2 * * *"
    """When, in UTC, as cron writes it."""
    keep: int = Field(default=14, ge=1, le=1000)
    """How many stay. Older ones are deleted once a new one is there."""


class Mlflow(Model):
    """The MLflow tracking server."""

    image: Image = Image()
    replicas: int = Field(default=1, ge=1, le=10)
    """Server pods. All share one database, so any number up to 10 is right."""
    workers: int = Field(default=2, ge=1, le=16)
    """Gunicorn worker processes in a pod."""
    resources: Resources = Resources()
    auth: Auth = Auth()
    exposure: Exposure
    database: Database = Database()
    artifacts: Artifacts
    backup: Backup | None = None
    """Regular backups; none without it."""
    delivery: Literal["kustomize", "helm"] = "kustomize"
    """How Flux installs the server. `kustomize`: the manifests of this repository. `helm`: the
    chart community-charts/mlflow, with the same values."""
