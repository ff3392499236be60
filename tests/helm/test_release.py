"""What a chart makes of a release, patched as Flux patches it: gen validate looks at it too."""

import io
import os
import tarfile

import pytest

from tests.cluster import chart
from tests.helm.conftest import Gen

VERSIONS = {"2.22.0": "0.17.2", "3.16.0": "1.11.5"}
SAID = "apps/mlflow/overlays/dev/server: HelmRelease/mlflow: spec"


@pytest.mark.parametrize("tag", VERSIONS)
def test_what_a_chart_makes_is_judged_as_our_own_is(tag, tmp_path, run: Gen):
    chart.version(VERSIONS[tag], tmp_path / "charts")
    run("set", "--env", "dev", "apps.mlflow.delivery=helm", f"apps.mlflow.image.tag={tag}")

    alone = run("validate", "--env", "dev")
    seen = run("validate", "--env", "dev", chart=tmp_path / "charts")

    assert f"chart mlflow {VERSIONS[tag]} is not at hand" in alone.stderr
    assert "at hand" not in seen.stderr
    assert objects(seen) > objects(alone)


def objects(result):
    return int(result.stdout.split(", ")[1].split()[0])


def test_a_chart_may_lie_in_the_repository(tmp_path, copy, run: Gen):
    tools = copy / "tools"
    pinned = tools.resolve()
    tools.unlink()
    tools.mkdir()
    for folder in pinned.iterdir():
        (tools / folder.name).symlink_to(folder)
    chart.version("0.17.2", tools / "charts")
    run("set", "--env", "dev", "apps.mlflow.delivery=helm")

    assert "at hand" not in run("validate", "--env", "dev").stderr


def test_another_version_of_the_chart_is_not_taken_for_this(tmp_path, run: Gen):
    chart.version("1.11.5", tmp_path / "charts")
    run("set", "--env", "dev", "apps.mlflow.delivery=helm")

    said = run("validate", "--env", "dev", chart=tmp_path / "charts").stderr

    assert "chart mlflow 0.17.2 is not at hand" in said


def test_what_is_no_chart_is_refused(tmp_path, run: Gen):
    run("set", "--env", "dev", "apps.mlflow.delivery=helm")

    said = run("validate", "--env", "dev", chart=tmp_path / "nothing", code=1).stderr

    assert f"{tmp_path}/nothing: holds no chart: a folder with Chart.yaml, or a .tgz" in said
    assert ": 1 problem, " in said


def half_an_archive():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("mlflow/values.yaml")
        member.size = 10_000
        archive.addfile(member, io.BytesIO(os.urandom(member.size)))
    return packed.getvalue()[:5000]


UNREADABLE = {
    "a broken archive": ("mlflow-0.17.2.tgz", b"no archive"),
    "half an archive": ("mlflow-0.17.2.tgz", half_an_archive()),
    "not UTF-8": ("mlflow/Chart.yaml", b"name: \xff\n"),
    "no YAML": ("mlflow/Chart.yaml", b"name: [\n"),
}


@pytest.mark.parametrize("mistake", UNREADABLE)
def test_a_chart_that_cannot_be_read_is_one_line(mistake, tmp_path, run: Gen):
    name, data = UNREADABLE[mistake]
    file = tmp_path / "charts" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    run("set", "--env", "dev", "apps.mlflow.delivery=helm")

    said = run("validate", "--env", "dev", chart=tmp_path / "charts", code=1).stderr

    place = tmp_path / "charts" / name.removesuffix("/Chart.yaml")
    assert f"{place}: is no chart that can be read: " in said
    assert ": 1 problem, " in said


def broken(folder, old, new, file="templates/deployment.yaml"):
    """The chart with a mistake in it."""
    made = chart.version("0.17.2", folder).path / file
    text = made.read_text()
    assert old in text
    made.write_text(text.replace(old, new, 1))
    return folder


# What a chart may do to us, and what is said of it.
MISTAKES = {
    "a secret for everybody to read": (
        '              value: {{ .Values.image.tag | quote }}',
        "              value: {{ .Values.backendStore.postgres.password }}",
        "Deployment/mlflow-chart: spec.template.spec.containers[0].env[0].value: "
        "the chart writes a secret here in plain text",
    ),
    "no template": ("{{- with .Values.initContainers }}", "{{ nothing }}", f"{SAID}: helm: "),
    "a field that Kubernetes does not know": (
        "          imagePullPolicy:",
        "          pullPolicy:",
        "spec.template.spec.containers[0].pullPolicy: unknown field",
    ),
    "an image that changes": (
        'image: {{ include "image" . }}\n          imagePull',
        "image: mlflow:latest\n          imagePull",
        "is another image every week",
    ),
    "a port of another name": (
        "            - name: {{ .Values.service.containerPortName | default",
        "            - name: web # {{ .Values.service.containerPortName | default",
        "http: no container of mlflow-chart has a port of that name",
    ),
    "what is not there": (
        "serviceAccountName: {{ include \"account\" . }}",
        "serviceAccountName: someone",
        "no ServiceAccount someone in namespace mlflow",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_chart_that_does_wrong_is_found_out(mistake, tmp_path, run: Gen):
    old, new, message = MISTAKES[mistake]
    run("set", "--env", "dev", "apps.mlflow.delivery=helm")

    said = run("validate", "--env", "dev", chart=broken(tmp_path / "charts", old, new), code=1)

    assert message in said.stderr
    assert "Traceback" not in said.stderr


VALUES = "apps/mlflow/overlays/dev/server/mlflow-values.yaml"


@pytest.mark.parametrize(
    ("text", "message"),
    [("- a list\n", "must be keys and values"), ("a: [\n", "line 2: "), ("a: 0.5\n", "helm: ")],
)
def test_values_that_are_none_are_refused_in_a_line(text, message, tmp_path, copy, run: Gen):
    made = chart.version("0.17.2", tmp_path / "charts")
    run("set", "--env", "dev", "apps.mlflow.delivery=helm")
    (copy / VALUES).write_text(text)

    said = run("validate", "--env", "dev", chart=made.path, code=1).stderr

    assert f"{SAID}" in said
    assert message in said
    assert "Traceback" not in said


def test_a_value_of_another_type_is_refused_by_the_charts_schema(tmp_path, run: Gen):
    old, new = '"replicaCount": {"type": "integer"}', '"replicaCount": {"type": "string"}'
    charts = broken(tmp_path / "charts", old, new, "values.schema.json")
    run("set", "--env", "dev", "apps.mlflow.delivery=helm")

    said = run("validate", "--env", "dev", chart=charts, code=1).stderr

    assert f"{SAID}: helm: " in said
    assert "replicaCount" in said
