"""The CronJob that makes backups, as the cluster has it -> the Job that restores one of them.

Its pod is the CronJob's, so that images, settings, secrets and scripts are those of the cluster;
only the order of the two containers and what they are told differ.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from generator import yaml
from generator.errors import GenError, Problem
from generator.validate import fields
from generator.validate.fields import Fields

NAME = "mlflow-backup"
SOURCE = f"kubectl get cronjob {NAME} --namespace mlflow --output yaml"

Manifest = dict[str, Any]


def job(text: str, backup: str, *, replace: bool) -> Manifest:
    """Return the Job. `text` is what SOURCE prints; `backup` is a name, or "" for the newest.

    Raises GenError where `text` is something else.
    """
    try:
        values = yaml.read(text).values
    except yaml.Invalid:
        values = None
    pod = fields.mapping(values, "spec", "jobTemplate", "spec", "template", "spec")
    databases = _named(pod, "initContainers", "databases")
    blobs = _named(pod, "containers", "blobs")
    if not databases or not blobs:
        message = f"is no CronJob {NAME} of this project; give it what this prints: {SOURCE}"
        raise GenError([Problem(PurePosixPath("standard input"), None, message)])
    told = {
        "initContainers": [_told(blobs, "download", "BACKUP", backup)],
        "containers": [_told(databases, "restore", "REPLACE", "yes" if replace else "")],
    }
    template = fields.mapping(values, "spec", "jobTemplate", "spec", "template")
    labels = dict(fields.mapping(template, "metadata", "labels"))
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "generateName": "mlflow-restore-",
            "namespace": fields.text(values, "metadata", "namespace") or "mlflow",
            "labels": labels,
        },
        "spec": {
            "backoffLimit": 0,  # whoever restores looks at what failed before it is tried again
            "activeDeadlineSeconds": 4 * 3600,
            "ttlSecondsAfterFinished": 7 * 24 * 3600,
            "template": {"metadata": {"labels": labels}, "spec": {**pod, **told}},
        },
    }


def _named(pod: Fields, kind: str, name: str) -> Fields:
    containers = fields.items(pod, kind)
    return next((item for item in containers if item.get("name") == name), {})


def _told(container: Mapping[str, Any], what: str, variable: str, value: str) -> Manifest:
    """The same container, told to do something else, with one more variable."""
    return {
        **container,
        "command": [*container["command"][:-1], what],
        "env": [*container["env"], {"name": variable, "value": value}],
    }
