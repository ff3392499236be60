"""Environment -> mlflow-values.yaml: the same server, as values of the chart.

They are complete: `helm install` with this file makes a server that works, without Flux. Passwords
are the exception: mlflow_chart.SECRETS says which value takes which.
"""

from collections.abc import Iterator

from generator.environment import Environment, mlflow_chart
from generator.render import mlflow_hosts

Value = tuple[str, object]

_PORT = 5000
_HEALTH = "service.beta.kubernetes.io/azure-load-balancer-health-probe-request-path"
_ALLOWED = "service.beta.kubernetes.io/azure-allowed-ip-ranges"
_LABEL = "service.beta.kubernetes.io/azure-dns-label-name"
_INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"

_GUNICORN = (
    "--worker-class=gthread --threads=8 --timeout=300 --graceful-timeout=270 "
    "--worker-tmp-dir=/dev/shm"
)

_UVICORN = "--timeout-graceful-shutdown=270 --timeout-worker-healthcheck=120 --no-access-log"


def chart(env: Environment) -> mlflow_chart.Version:
    """Return the chart's version."""
    return mlflow_chart.CHARTS[env.apps.mlflow.image.series.server]


def values(env: Environment) -> dict[str, object]:
    """Return the chart's values. Raises ValueError for one that this chart does not know."""
    version = chart(env)
    parts = (_image, _server, _pods, _service, _database, _auth, _artifacts)
    return mlflow_chart.nested((value for part in parts for value in part(env)), version)


def _is_mlflow_3(env: Environment) -> bool:
    return env.apps.mlflow.image.series.server == "uvicorn"


def _image(env: Environment) -> Iterator[Value]:
    image = env.apps.mlflow.image
    yield "image.repository", image.name
    if _is_mlflow_3(env):
        yield "image.tag", image.tag
        # Else the chart's own version migrates, and this one cannot read what it leaves.
        yield "initImages.mlflowDbMigration.repository", image.name
        yield "initImages.mlflowDbMigration.tag", image.tag
        yield "log.enabled", False  # else it passes an option that gunicorn has not
        if image.digest:
            yield "image.digest", image.digest
    else:
        yield "image.tag", f"{image.tag}@{image.digest}" if image.digest else image.tag


def _server(env: Environment) -> Iterator[Value]:
    """What makes a slow upload hold a thread, and lets running requests end with their pod."""
    yield "extraArgs.workers", str(env.apps.mlflow.workers)
    if not _is_mlflow_3(env):
        yield "extraArgs.gunicornOpts", _GUNICORN
        return
    yield "extraArgs.uvicornOpts", _UVICORN
    yield "extraEnvVars", _SETTINGS
    yield "serverAllowedHosts", list(mlflow_hosts.spelled(env))
    if env.hosts:  # their pages may change something; those of another address may not
        yield "corsAllowedOrigins", list(mlflow_hosts.origins(env))


_SETTINGS = {  # as apps/mlflow/components/mlflow-3 has them, with its reasons
    "MLFLOW_BASIC_AUTH_FAIL_CLOSED": "true",
    "MLFLOW_SERVER_ENABLE_GRAPHQL_AUTH": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "3",
    "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW": "6",
}


def _pods(env: Environment) -> Iterator[Value]:
    mlflow, resources = env.apps.mlflow, env.apps.mlflow.resources
    yield "replicaCount", mlflow.replicas
    yield "strategy.type", "RollingUpdate"
    yield "strategy.rollingUpdate.maxSurge", 1
    yield "strategy.rollingUpdate.maxUnavailable", 0
    yield "serviceAccount.automount", False
    yield "podAnnotations", {"mlflow-gitops/secrets-revision": str(env.secrets.revision)}
    yield "podSecurityContext", _POD_SECURITY
    yield "securityContext", _SECURITY
    yield (
        "resources",
        {
            "requests": {"cpu": resources.cpu, "memory": resources.memory.request},
            "limits": {"memory": resources.memory.limit},
        },
    )
    yield "readinessProbe", _READY
    yield "livenessProbe", _ALIVE
    if not _is_mlflow_3(env):  # its chart brings a volume of this name
        yield "extraVolumes", [{"name": "tmp", "emptyDir": {"sizeLimit": "10Gi"}}]
        yield "extraVolumeMounts", [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108


_READY = {
    "initialDelaySeconds": 0,
    "periodSeconds": 5,
    "timeoutSeconds": 5,
    "failureThreshold": 3,
}
_ALIVE = {
    "initialDelaySeconds": 60,  # the chart has no startup probe: on little CPU it takes a while
    "periodSeconds": 10,
    "timeoutSeconds": 10,
    "failureThreshold": 6,
}
_POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "runAsGroup": 10001,
    "fsGroup": 10001,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
_SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "runAsGroup": 10001,
    "capabilities": {"drop": ["ALL"]},
}


def _service(env: Environment) -> Iterator[Value]:
    exposure = env.apps.mlflow.exposure
    annotations = {_HEALTH: "/health"}
    if exposure.kind == "internal":
        annotations[_INTERNAL] = "true"
    if exposure.allowed_networks:  # the chart has no loadBalancerSourceRanges
        annotations[_ALLOWED] = ",".join(exposure.allowed_networks)
    if exposure.dns_label:
        annotations[_LABEL] = exposure.dns_label
    yield "service.type", "LoadBalancer"
    yield "service.port", _PORT
    yield "service.name", "http"
    yield "service.annotations", annotations
    if _is_mlflow_3(env):
        yield "service.containerPort", _PORT
        yield "service.containerPortName", "http"


def _database(env: Environment) -> Iterator[Value]:
    yield "backendStore.databaseMigration", True
    # Its container has no security context in one chart, and another image in both.
    yield "backendStore.databaseConnectionCheck", False
    yield from _postgresql("backendStore.postgres", "mlflow")


def _auth(env: Environment) -> Iterator[Value]:
    auth = env.apps.mlflow.auth
    yield "auth.enabled", True
    yield "auth.adminUsername", auth.admin
    yield "auth.defaultPermission", auth.default_permission
    yield from _postgresql("auth.postgres", "mlflow_auth")


def _postgresql(path: str, database: str) -> Iterator[Value]:
    yield f"{path}.enabled", True
    yield f"{path}.host", "postgresql"
    yield f"{path}.port", 5432
    yield f"{path}.database", database
    yield f"{path}.user", "mlflow"
    yield f"{path}.driver", "psycopg2"  # without it another driver is looked for one day


def _artifacts(env: Environment) -> Iterator[Value]:
    artifacts = env.apps.mlflow.artifacts
    yield "artifactRoot.proxiedArtifactStorage", True
    yield "artifactRoot.azureBlob.enabled", True
    yield "artifactRoot.azureBlob.container", artifacts.container
    yield "artifactRoot.azureBlob.storageAccount", artifacts.account
