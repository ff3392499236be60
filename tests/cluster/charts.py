"""Charts -> a Helm repository that a cluster reaches: the one at hand, or the one of our own."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from generator import programs
from generator.validate import releases
from tests.cluster import chart
from tests.cluster.rig import Cluster, http
from tests.cluster.rig.programs import ROOT

URL = "https://community-charts.github.io/helm-charts"
"""The public repository, as apps/mlflow/helm names it."""

_PORT = 9419


def helm() -> Path:
    """Return the program."""
    return programs.find(ROOT, "helm", say=print)


def packed(number: str, folder: Path) -> Path:
    """Return a chart's archive: that of MLFLOW_CHART where it is set, else of our own chart."""
    if releases.VARIABLE in os.environ:
        (source,) = (found.path for found in releases.charts(ROOT) if found.version == number)
    else:
        source = chart.version(number, folder / "sources").path
    print(f"chart mlflow {number}: {source}")
    if source.suffix == ".tgz":
        return source
    subprocess.run([helm(), "package", source, "--destination", folder], check=True)
    return folder / f"mlflow-{number}.tgz"


def serve(cluster: Cluster, *archives: Path) -> str:
    """Serve archives as a Helm repository; return its URL."""
    folder = cluster.place.folder / "charts"
    folder.mkdir()
    for archive in archives:
        (folder / archive.name).write_bytes(archive.read_bytes())
    subprocess.run([helm(), "repo", "index", folder], check=True)
    address = cluster.place.host_address
    server = [sys.executable, "-m", "http.server", str(_PORT), "--bind", address]
    cluster.surroundings.start(
        "charts",
        [*server, "--directory", folder],
        answers=partial(http.answers, f"http://{address}:{_PORT}/index.yaml"),
    )
    cluster.surroundings.wait_until_ready("charts")
    return f"http://{address}:{_PORT}"
