"""docs/delivery.md says what the code does and what the tests run."""

import json
import re

from generator.environment import mlflow_chart, mlflow_versions
from tests.cluster.charts import URL
from tests.cluster.test_helm import OURS, PLAIN
from tests.trees import ROOT

PAGE = (ROOT / "docs/delivery.md").read_text()


def test_each_mlflow_has_the_chart_that_the_page_says():
    rows = dict(re.findall(r"^\| (\d+\.\d+) \| (\d+\.\d+\.\d+) \|$", PAGE, re.MULTILINE))
    assert rows == {
        ".".join(map(str, row.first[:2])): mlflow_chart.dotted(
            mlflow_chart.CHARTS[row.series.server]
        )
        for row in mlflow_versions.TABLE
    }


def test_the_command_for_the_service_is_the_one_that_the_cluster_ran():
    (patch,) = re.findall(r"patch service mlflow --type=json --patch='(.*)'$", PAGE, re.MULTILINE)
    assert json.loads(patch) == OURS


def test_the_secrets_of_a_plain_install_are_given_as_the_cluster_got_them():
    given = re.findall(r"--set-file ([\w.]+)=([\w-]+)", PAGE)
    assert {(path, name) for name, paths in PLAIN.items() for path in paths} == set(given)


def test_the_chart_comes_from_where_the_release_says():
    assert URL in (ROOT / "apps/mlflow/helm/repository.yaml").read_text()
    assert f"helm repo add community-charts {URL}\n" in PAGE
