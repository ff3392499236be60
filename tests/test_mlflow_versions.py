"""The table of supported images says what the tests run, and nobody else's tag fits a row."""

import re

import pytest

from generator.environment import mlflow_versions
from generator.environment.mlflow import Image
from tests.trees import ROOT


@pytest.mark.parametrize(
    ("image", "tag", "server"),
    [
        ("burakince/mlflow", "2.22.0", "gunicorn"),
        ("burakince/mlflow", "2.22.1", "gunicorn"),
        ("docker.io/burakince/mlflow", "2.22.1", "gunicorn"),
        ("mirror.example.com/docker/burakince/mlflow", "3.16.0", "uvicorn"),
        ("ghcr.io/mlflow/mlflow", "v3.16.1-full", "uvicorn"),
        ("mirror.example.com/mlflow/mlflow", "v3.16.0-full", "uvicorn"),
    ],
)
def test_an_image_is_started_as_its_row_says(image, tag, server):
    assert Image(name=image, tag=tag).series.server == server


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("burakince/mlflow", "2.21.3"),
        ("burakince/mlflow", "2.22.2"),
        ("burakince/mlflow", "3.1.0"),
        ("burakince/mlflow", "3.17.0"),
        ("burakince/mlflow", "v2.22.0"),
        ("burakince/mlflow", "2.22.0-full"),
        ("burakince/mlflow", "2.22.0.1"),
        ("burakince/mlflow", "2x22x0"),
        ("notburakince/mlflow", "2.22.0"),
        ("mlflow", "2.22.0"),
        ("ghcr.io/mlflow/mlflow", "v3.16.1"),
        ("ghcr.io/mlflow/mlflow", "3.16.1-full"),
        ("ghcr.io/mlflow/mlflow", "v2.22.0-full"),
    ],
)
def test_whatever_has_no_row_is_refused_with_the_table(image, tag):
    assert mlflow_versions.find(image, tag) is None
    refusal = mlflow_versions.refusal(image, tag)
    assert all(str(row) in refusal for row in mlflow_versions.TABLE)


@pytest.mark.parametrize(("tool", "server"), [("mlflow", "gunicorn"), ("mlflow-3", "uvicorn")])
def test_each_way_to_start_is_run_by_the_tests(tool, server):
    assert any(
        row.series.server == server and row.first <= pinned(tool) <= row.last
        for row in mlflow_versions.TABLE
    )


def test_the_newest_version_is_the_one_that_the_tests_run():
    assert max(row.last for row in mlflow_versions.TABLE) == pinned("mlflow-3")


def pinned(tool):
    pins = (ROOT / "tools" / tool / "requirements.txt").read_text()
    return tuple(map(int, re.search(r"^mlflow==(\d+)\.(\d+)\.(\d+)", pins, re.M).groups()))


def test_the_page_shows_the_table():
    rows = re.findall(r"^\| (`.*) \|$", (ROOT / "docs/upgrade.md").read_text(), re.M)
    cells = [tuple(row.replace("`", "").split(" | ")) for row in rows]
    assert cells == [row.cells for row in mlflow_versions.TABLE]


def test_azure_identity_is_in_the_official_image_alone():
    assert {row.image for row in mlflow_versions.TABLE if row.azure_identity} == {
        "ghcr.io/mlflow/mlflow"
    }
