"""MLFLOW_CHART, or the chart's public repository -> a folder with the chart in both versions.

python -m tests.helm.at_hand prints it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from generator import programs
from generator.environment import mlflow_chart
from generator.validate import releases
from tests.trees import ROOT

REPOSITORY = "https://community-charts.github.io/helm-charts"


def folder() -> str:
    """Return what MLFLOW_CHART names, or where the charts were put. Says which on stderr."""
    if named := os.environ.get(releases.VARIABLE):
        print(f"the charts of {named}", file=sys.stderr)
        return named
    place = tempfile.mkdtemp(prefix="charts-")
    helm = programs.find(ROOT, "helm", say=lambda text: print(text, file=sys.stderr))
    for version in map(mlflow_chart.dotted, mlflow_chart.CHARTS.values()):
        pull = [helm, "pull", "mlflow", "--repo", REPOSITORY, "--version", version]
        if subprocess.run([*pull, "--destination", place]).returncode:
            sys.exit(f"{REPOSITORY} does not answer; name the charts: {releases.VARIABLE}=FOLDER")
    print(f"the charts of {REPOSITORY}", file=sys.stderr)
    return str(Path(place))


if __name__ == "__main__":
    print(folder())
