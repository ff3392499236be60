"""What is a risk and yet somebody's choice."""

import re
from collections.abc import Iterator

from generator import environment
from generator.environment import Environment, mlflow_versions
from generator.environment.mlflow import Image
from generator.errors import Problem
from generator.validate import fields
from generator.validate.cluster import Cluster

_GUARDS = {"authenticate.py", "authorize.py", "routes.py", "said_once.py"}
"""The start-up files without which MLflow decides alone."""

_FIXED = (2, 22, 4)
"""The first MLflow without CVE-2025-11201."""


def clear_text(cluster: Cluster) -> Iterator[Problem]:
    """Basic authentication over a balancer that does no TLS."""
    if not cluster.environment.apps.mlflow.exposure.tls:
        yield in_clear_text(cluster.environment)


def in_clear_text(env: Environment) -> Problem:
    """What is said where passwords cross a network without TLS."""
    public = env.apps.mlflow.exposure.kind == "load-balancer"
    where = "the internet" if public else "the network"
    message = f"user names and passwords cross {where} in clear text: exposure.tls gives it https"
    return Problem(environment.path(env.name), None, f"apps.mlflow.exposure.kind: {message}")


def vulnerable_image(cluster: Cluster) -> Iterator[Problem]:
    """An image whose MLflow has a known hole."""
    image = cluster.environment.apps.mlflow.image
    version = re.match(r"v?(\d+)\.(\d+)\.(\d+)", image.tag)
    if version and tuple(map(int, version.groups())) < _FIXED:
        fixed = ".".join(map(str, _FIXED))
        message = f"MLflow {image.tag} has CVE-2025-11201, fixed in {fixed}"
        yield _of(cluster, f"apps.mlflow.image.tag: {message}")


def unguarded(cluster: Cluster) -> Iterator[Problem]:
    """A server that starts without this repository's files: MLflow's own checks have holes."""
    for item in cluster.objects:
        files = fields.mapping(item.values, "data") if item.kind == "ConfigMap" else {}
        missing = sorted(_GUARDS - files.keys()) if "initialise.py" in files else []
        if missing:
            message = (
                f"ConfigMap {item.name} lacks {', '.join(missing)}: users get past MLflow's own "
                "permissions (docs/upgrade.md); bring back the files of apps/mlflow/base/server"
            )
            yield _of(cluster, f"apps.mlflow: {message}")


def migration(before: Image, env: Environment) -> Iterator[Problem]:
    """A newer MLflow than Git has: what its first start changes stays changed."""
    image = env.apps.mlflow.image
    if mlflow_versions.migrates((before.name, before.tag), (image.name, image.tag)):
        message = (
            f"the first start of {image.tag} migrates both databases, and {before.tag} refuses "
            f"them then; back up first: docs/backup.md{_denials(before, env)}"
        )
        yield Problem(environment.path(env.name), None, f"apps.mlflow.image.tag: {message}")


def _denials(before: Image, env: Environment) -> str:
    """What becomes of NO_PERMISSIONS grants, where that makes a difference."""
    image, auth = env.apps.mlflow.image, env.apps.mlflow.auth
    images = (before.name, before.tag), (image.name, image.tag)
    if not auth.others_read or not mlflow_versions.drops_denials(*images):
        return ""
    if image.migrate_without_denials:
        return f"; who has NO_PERMISSIONS for a thing gets {auth.default_permission} for it"
    return "; it does not begin while somebody has NO_PERMISSIONS for a thing: docs/upgrade.md"


def _of(cluster: Cluster, message: str) -> Problem:
    return Problem(environment.path(cluster.environment.name), None, message)
