"""A HelmRelease -> a chart of our own in the version that it names (tests/cluster/chart/)."""

import shutil
from pathlib import Path

from generator import yaml
from generator.validate import fields
from generator.validate.objects import Object
from generator.validate.releases import Chart

SOURCE = Path(__file__).with_name("chart")


def like(release: Object, folder: Path) -> Chart:
    """Return the chart in the version that a release installs, copied into a folder."""
    return version(fields.text(release.values, "spec", "chart", "spec", "version"), folder)


def version(number: str, folder: Path) -> Chart:
    """Return the chart in a version, copied into a folder."""
    folder.mkdir(exist_ok=True)
    copy = folder / f"mlflow-{number}"
    shutil.copytree(SOURCE, copy)
    description = dict(fields.mapping(yaml.read((SOURCE / "Chart.yaml").read_text()).values))
    (copy / "Chart.yaml").write_text(yaml.dump(description | {"version": number}))
    return Chart(copy, "mlflow", number)
