"""A changed setting rolls the pods that read it, and only those; an unchanged one rolls none."""

import shutil

import pytest

from generator.environment import edit
from tests.manifests import cases
from tests.trees import MINIMAL, ROOT

MLFLOW, POSTGRESQL = "mlflow", "postgresql"

# What a change rolls. The rest of an environment file reaches no object of apps/mlflow.
ROLLS = {
    "secrets.revision=2": {MLFLOW, POSTGRESQL},
    "apps.mlflow.image.tag=2.22.1": {MLFLOW},
    "apps.mlflow.workers=3": {MLFLOW},
    "apps.mlflow.resources.cpu=300m": {MLFLOW},
    "apps.mlflow.auth.admin=root": {MLFLOW},
    "apps.mlflow.auth.default_permission=EDIT": {MLFLOW},
    "apps.mlflow.artifacts.container=other": {MLFLOW},
    "apps.mlflow.exposure.dns_label=other": set(),
    "apps.mlflow.database.storage=16Gi": set(),
    "apps.mlflow.backup.keep=7": set(),
    "azure.resource_group=rg-other": set(),
}


def templates(built):
    """What makes Kubernetes start new pods when it changes, by workload; a CronJob's wait."""
    specs = {name: pod.object.values["spec"] for name, pod in built.pods.items()}
    return {name: dict(spec["template"]) for name, spec in specs.items() if "template" in spec}


def rolled(before, after):
    old, new = templates(before), templates(after)
    return {name for name in old if old[name] != new[name]}


@pytest.mark.parametrize("change", ROLLS)
def test_a_changed_value_rolls(change):
    key, _, value = change.partition("=")
    text = edit.assign(MINIMAL, {tuple(key.split(".")): int(value) if value.isdecimal() else value})
    assert rolled(cases.build(MINIMAL), cases.build(text)) == ROLLS[change]


def test_an_unchanged_environment_rolls_nothing():
    assert rolled(cases.build(MINIMAL), cases.build(MINIMAL)) == set()


@pytest.mark.parametrize(
    ("file", "workload"),
    [
        ("server/gunicorn_conf.py", MLFLOW),
        ("server/initialise.py", MLFLOW),
        ("data/postgresql/initialise.sh", POSTGRESQL),
        ("data/postgresql/postgresql.conf", POSTGRESQL),
        ("data/postgresql/pg_hba.conf", POSTGRESQL),
        ("data/postgresql/passwd", POSTGRESQL),
    ],
)
def test_a_changed_file_rolls_the_pods_that_mount_it(file, workload, tmp_path):
    shutil.copytree(ROOT / "apps/mlflow", tmp_path / "apps/mlflow")
    with (tmp_path / "apps/mlflow/base" / file).open("a") as opened:
        opened.write("# another line\n")
    changed = cases.build(MINIMAL, root=tmp_path)
    assert rolled(cases.build(MINIMAL), changed) == {workload}
