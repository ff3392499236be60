"""The real chart, in both versions: `make test-chart`. What it makes is judged, and started."""

import os
import subprocess

import pytest

from generator import programs
from generator.validate import releases
from tests.helm.conftest import Gen
from tests.manifests import cases, images
from tests.trees import ROOT

CHARTS = {"2.22.0": ("0.17.2", "mlflow"), "3.16.0": ("1.11.5", "mlflow-3")}
"""The chart of each MLflow, and the folder of tools/ that has it."""


@pytest.fixture(params=CHARTS)
def tag(request):
    return request.param


@pytest.fixture
def chart(tag):
    found = {chart.version: chart for chart in releases.charts(ROOT)}
    assert CHARTS[tag][0] in found, f"{releases.VARIABLE} has no chart mlflow {CHARTS[tag][0]}"
    print(f"chart mlflow {CHARTS[tag][0]}: {found[CHARTS[tag][0]].path}")
    return found[CHARTS[tag][0]]


@pytest.fixture
def made(tag, chart):
    """What the chart makes of dev's release."""
    built = cases.released("dev", tag)
    helm, kustomize = (programs.find(ROOT, name, say=print) for name in ("helm", "kustomize"))
    tools = releases.Programs(helm, kustomize)
    (release,) = (item for item in built.server if item.kind == "HelmRelease")
    objects = releases.render(tools, chart, release, built.server, "1.36")
    return {(item.kind, item.name): item for item in objects}


def test_what_it_makes_passes_gen_validate(tag, chart, copy, run: Gen):
    for env in ("dev", "staging", "prod"):
        run("set", "--env", env, "apps.mlflow.delivery=helm", f"apps.mlflow.image.tag={tag}")
    said = run("validate", chart=chart.path)
    assert "at hand" not in said.stderr
    assert ": no problems" in said.stdout


def test_it_makes_what_the_documentation_says(made):
    assert set(made) == {
        ("ConfigMap", "mlflow-chart-env-configmap"),
        ("Secret", "mlflow-chart-env-secret"),
        ("Secret", "mlflow-chart-flask-server-secret-key"),
        ("Deployment", "mlflow-chart"),
    }


def test_no_secret_is_anywhere_but_in_secrets(made):
    revealing = {kind for (kind, _), item in made.items() if releases.SECRET in item.text}
    assert revealing <= {"Secret"}


def test_its_command_is_one_that_this_mlflow_takes(made, tag, tmp_path):
    """The command line is parsed by that MLflow; a word more, and it is not."""
    (container,) = made["Deployment", "mlflow-chart"].values["spec"]["template"]["spec"][
        "containers"
    ]
    assert container["command"][-1] == "mlflow"
    python = images.python(CHARTS[tag][1])
    assert parsed(python, container["args"], tmp_path) == ""
    assert "--no-such-option" in parsed(python, [*container["args"], "--no-such-option"], tmp_path)


PARSE = """
import sys, click
from mlflow.cli import cli
name, *arguments = sys.argv[1:]
command = cli.get_command(None, name)
try:
    command.make_context(name, arguments)
except click.ClickException as error:
    print(error.format_message())
"""


def parsed(python, arguments, folder):
    done = subprocess.run(
        [python, "-c", PARSE, *arguments],
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_without_flux_its_own_values_are_enough(tag, chart, copy, run: Gen):
    """docs/delivery.md, "Without Flux": the generated file, and five values from files."""
    run("set", "--env", "dev", "apps.mlflow.delivery=helm", f"apps.mlflow.image.tag={tag}")
    helm = programs.find(ROOT, "helm", say=print)
    (copy / "password").write_text("a-password-from-a-file")
    command = [helm, "template", "mlflow", chart.path, "--namespace=mlflow"]
    command += ["-f", "apps/mlflow/overlays/dev/server/mlflow-values.yaml"]
    for path in PLAIN:
        command += ["--set-file", f"{path}=password"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--app-name=basic-auth" in done.stdout
    assert "azure-allowed-ip-ranges: 10.0.0.0/8" in done.stdout


PLAIN = (
    "backendStore.postgres.password",
    "auth.postgres.password",
    "auth.adminPassword",
    "flaskServerSecretKey",
    "artifactRoot.azureBlob.connectionString",
)
