"""apps/mlflow/overlays/<env>/: the difference of one environment from the bases.

Two overlays: `data`, which outlives the server, and `server`. Each selects components and patches
in the values; what is the same everywhere stands in base/ and components/.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath

from generator import yaml
from generator.environment import Environment, mlflow_chart
from generator.environment.mlflow import Backup
from generator.files import File, header
from generator.render import mlflow_hosts, mlflow_release, mlflow_values
from generator.secrets import table

Manifest = dict[str, object]

_SERVER = "mlflow"
_DATABASE = "postgresql"
_CLAIM = "postgresql-data"
_BACKUP = "mlflow-backup"
_BASES = "../../../base"
_COMPONENTS = "../../../components"


def folder(env: Environment) -> PurePosixPath:
    """Return the folder of an environment's two overlays."""
    return PurePosixPath("apps/mlflow/overlays", env.name)


def files(env: Environment, *, encrypted: bool) -> Iterator[File]:
    """Yield the overlays. `encrypted`: whether there are secrets for Flux to decrypt."""
    vault = env.secrets.provider == "key-vault"
    resources = [f"{_BASES}/data"]
    if vault:
        resources.append("secret-provider-classes.yaml")
        yield _file(env, "data/secret-provider-classes.yaml", *_secret_provider_classes(env))
    elif encrypted:
        resources.append(PurePosixPath(table.PODS.file).name)
    if env.apps.mlflow.database.disk:
        resources.append("disk.yaml")
        yield _file(env, "data/disk.yaml", _volume_of(env, env.apps.mlflow.database.disk))
    yield _file(env, "data/kustomization.yaml", _kustomization(resources))
    yield _file(env, "data/patches.yaml", _storage_class(env), _claim(env), _stateful_set(env))
    yield _file(env, "server/kustomization.yaml", _server(env))
    backup = env.apps.mlflow.backup
    jobs = [_cron_job(env, backup)] if backup else []
    if _is_released(env):
        yield _file(env, f"server/{mlflow_release.VALUES}", mlflow_values.values(env))
        yield _file(env, "server/patches.yaml", _service(env), *jobs)
    else:
        yield _file(env, "server/patches.yaml", _deployment(env), _service(env), *jobs)


def _is_released(env: Environment) -> bool:
    return env.apps.mlflow.delivery == "helm"


def _file(env: Environment, path: str, *manifests: Manifest) -> File:
    return File(folder(env) / path, header(env.name) + yaml.dump(*manifests))


def _kustomization(resources: list[str]) -> Manifest:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "mlflow",
        "resources": resources,
        "patches": [{"path": "patches.yaml"}],
    }


def _storage_class(env: Environment) -> Manifest:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "mlflow-data"},
        "parameters": {"resourceGroup": env.azure.resource_group},
    }


def _claim(env: Environment) -> Manifest:
    database = env.apps.mlflow.database
    spec: Manifest = {"resources": {"requests": {"storage": database.storage}}}
    if database.disk:  # it waits for this one, and never gets an empty one
        spec["volumeName"] = _CLAIM
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": _CLAIM},
        "spec": spec,
    }


def _volume_of(env: Environment, disk: str) -> Manifest:
    """A disk that is there already, as the claim's volume, as if it had been made for it."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": _CLAIM,
            "annotations": {"kustomize.toolkit.fluxcd.io/prune": "disabled"},
            "labels": {"app.kubernetes.io/part-of": "mlflow"},
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": env.apps.mlflow.database.storage},
            "storageClassName": "mlflow-data",
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"namespace": "mlflow", "name": _CLAIM},
            "csi": {
                "driver": "disk.csi.azure.com",
                "volumeHandle": f"/subscriptions/{env.azure.subscription}/resourceGroups/"
                f"{env.azure.resource_group}/providers/Microsoft.Compute/disks/{disk}",
                "fsType": "ext4",
            },
        },
    }


def _stateful_set(env: Environment) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": _DATABASE},
        "spec": {"template": _pod(env, _DATABASE)},
    }


def _deployment(env: Environment) -> Manifest:
    resources = env.apps.mlflow.resources
    container: Manifest = {
        "name": _SERVER,
        "resources": {
            "requests": {"cpu": resources.cpu, "memory": resources.memory.request},
            "limits": {"memory": resources.memory.limit},
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": _SERVER},
        "spec": {"template": _pod(env, _SERVER, container)},
    }


def _pod(env: Environment, workload: str, *containers: Manifest) -> Manifest:
    """What both pods have: their secrets, and a revision that restarts them for new ones."""
    annotations = {"mlflow-gitops/secrets-revision": str(env.secrets.revision)}
    if workload == _SERVER and (tls := env.apps.mlflow.exposure.tls):
        annotations["mlflow-gitops/tls-revision"] = str(tls.revision)
    spec: Manifest = {"containers": list(containers)} if containers else {}
    spec["volumes"] = list(_volumes(env, workload))
    return {"metadata": {"annotations": annotations}, "spec": spec}


def _volumes(env: Environment, workload: str) -> Iterator[Manifest]:
    yield _secrets(env, workload)
    if workload == _DATABASE and _is_copied(env):
        # No container mounts it. The Secret lives as long as a pod has a volume of its class, and
        # the release needs it before there is a server.
        yield {"name": "release-secrets", **_volume(env, _SERVER)}


def _is_copied(env: Environment) -> bool:
    """Whether the driver copies secrets into a Kubernetes Secret, for Flux to read."""
    return _is_released(env) and env.secrets.provider == "key-vault"


def _cron_job(env: Environment, backup: Backup) -> Manifest:
    container = {"name": "blobs", "env": [{"name": "KEEP", "value": str(backup.keep)}]}
    # Dumps are compressed: both, and the archive of them, need less than the database's own disk.
    dumps = {"name": "dumps", "emptyDir": {"sizeLimit": env.apps.mlflow.database.storage}}
    pod = {"containers": [container], "volumes": [_secrets(env, _BACKUP), dumps]}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": _BACKUP},
        "spec": {
            "schedule": backup.schedule,
            "jobTemplate": {"spec": {"template": {"spec": pod}}},
        },
    }


def _secrets(env: Environment, workload: str) -> Manifest:
    """The volume of a workload's secrets: the same files, from the vault or the Secret."""
    return {"name": "secrets", **_volume(env, workload)}


def _volume(env: Environment, workload: str) -> Manifest:
    if env.secrets.provider == "key-vault":
        attributes = {"secretProviderClass": f"{workload}-secrets"}
        return {
            "csi": {
                "driver": "secrets-store.csi.k8s.io",
                "readOnly": True,
                "volumeAttributes": attributes,
            }
        }
    items = [{"key": s.name, "path": s.name} for s in table.needed(env, workload)]
    return {"secret": {"secretName": table.KUBERNETES_SECRET, "defaultMode": 0o440, "items": items}}


def _secret_provider_classes(env: Environment) -> Iterator[Manifest]:
    for workload in table.workloads(env):
        secrets = list(table.needed(env, workload))
        objects = [yaml.dump({"objectName": s.name, "objectType": "secret"}) for s in secrets]
        copies = [_copy(secrets)] if workload == _SERVER and _is_copied(env) else []
        yield {
            "apiVersion": "secrets-store.csi.x-k8s.io/v1",
            "kind": "SecretProviderClass",
            "metadata": {
                "name": f"{workload}-secrets",
                "labels": {"app.kubernetes.io/part-of": "mlflow"},
            },
            "spec": {
                "provider": "azure",
                "parameters": {
                    "usePodIdentity": "false",
                    "keyvaultName": env.secrets.key_vault,
                    "clientID": "${azure_client_id}",
                    "tenantId": "${azure_tenant_id}",
                    "objects": yaml.dump({"array": objects}),
                },
            }
            | ({"secretObjects": copies} if copies else {}),
        }


def _copy(secrets: list[table.Secret]) -> Manifest:
    """The Kubernetes Secret that sops makes with the other provider: what the release takes."""
    names = [secret.name for secret in secrets if secret.name in mlflow_chart.SECRETS]
    return {
        "secretName": table.KUBERNETES_SECRET,
        "type": "Opaque",
        "data": [{"objectName": name, "key": name} for name in names],
    }


def _server(env: Environment) -> Manifest:
    mlflow = env.apps.mlflow
    image = {"name": "mlflow", "newName": mlflow.image.name, "newTag": mlflow.image.tag}
    if mlflow.image.digest:
        image["digest"] = mlflow.image.digest
    kustomization = _kustomization([f"{_BASES}/server"])
    generators: list[Manifest] = [
        {
            "name": "mlflow-settings",
            "behavior": "merge",
            "literals": [f"{key}={value}" for key, value in _settings(env).items()],
        }
    ]
    if _is_released(env):
        release = mlflow_release.patch(env, _volume(env, _SERVER))
        return kustomization | {
            "patches": [{"path": "patches.yaml"}, release],
            "components": [*_shared_components(env), *mlflow_release.components(env)],
            "images": [image],
            "configMapGenerator": [*generators, mlflow_release.generators()],
        }
    return kustomization | {
        "components": list(_shared_components(env)),
        "images": [image],
        "replicas": [{"name": _SERVER, "count": mlflow.replicas}],
        "configMapGenerator": generators,
    }


def _shared_components(env: Environment) -> Iterator[str]:
    mlflow = env.apps.mlflow
    yield f"{_COMPONENTS}/exposure/{mlflow.exposure.kind}"
    if mlflow.image.series.server == "uvicorn":
        yield f"{_COMPONENTS}/mlflow-3"
    if mlflow.exposure.tls:
        yield f"{_COMPONENTS}/tls"
    if mlflow.backup:
        yield f"{_COMPONENTS}/backup"
    if mlflow.artifacts.access == "workload-identity":
        yield f"{_COMPONENTS}/artifacts/workload-identity"
    if mlflow.replicas > 1:
        yield f"{_COMPONENTS}/replicas"


def _settings(env: Environment) -> dict[str, str]:
    """The environment variables of the server's pods that differ."""
    mlflow = env.apps.mlflow
    account, container = mlflow.artifacts.account, mlflow.artifacts.container
    settings = {
        "ADMIN": mlflow.auth.admin,
        "DEFAULT_PERMISSION": mlflow.auth.default_permission,
        "ARTIFACTS_DESTINATION": f"wasbs://{container}@{account}.blob.core.windows.net/",
        "ARTIFACTS_ACCESS": mlflow.artifacts.access,
        "WEB_CONCURRENCY": str(mlflow.workers),
    }
    if mlflow.image.migrate_without_denials:
        settings["MIGRATE_WITHOUT_DENIALS"] = "true"
    if mlflow.exposure.tls:
        settings["TLS_HOST"] = mlflow.exposure.tls.host
    if mlflow.exposure.tls and mlflow.exposure.hosts:
        settings["TLS_FURTHER_HOSTS"] = ",".join(mlflow.exposure.hosts)
    if mlflow.image.series.checks_host:
        settings["MLFLOW_SERVER_ALLOWED_HOSTS"] = ",".join(mlflow_hosts.answered(env))
        if env.hosts:
            settings["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"] = ",".join(mlflow_hosts.origins(env))
    return settings


def _service(env: Environment) -> Manifest:
    exposure = env.apps.mlflow.exposure
    metadata: Manifest = {"name": _SERVER}
    if exposure.dns_label:
        label = "service.beta.kubernetes.io/azure-dns-label-name"
        metadata["annotations"] = {label: exposure.dns_label}
    manifest: Manifest = {"apiVersion": "v1", "kind": "Service", "metadata": metadata}
    if exposure.allowed_networks:
        manifest["spec"] = {"loadBalancerSourceRanges": list(exposure.allowed_networks)}
    return manifest
