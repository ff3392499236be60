"""checkov and trivy find nothing in what Flux applies, but for exceptions.yaml. Both offline."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from generator import programs
from tests.trees import ROOT

EXCEPTIONS = yaml.safe_load((Path(__file__).parent / "exceptions.yaml").read_text())

# The first run on a machine builds trivy, which takes minutes.
pytestmark = pytest.mark.timeout(1800)

_HASH = re.compile("-[0-9a-z]{10}$")


def checkov(folder):
    """(check, "Kind/name", what it says) for every finding."""
    program = programs.find(ROOT, "checkov", say=print)
    quiet = ["--skip-download", "--compact", "--quiet", "--output=json"]
    report = run([program, f"--directory={folder}", "--framework=kubernetes", *quiet])
    for failed in report["results"]["failed_checks"]:
        yield failed["check_id"], whose(failed["file_path"]), failed["check_name"]


def trivy(folder):
    program = programs.find(ROOT, "trivy", say=print)
    offline = ["--skip-check-update", "--skip-version-check", "--disable-telemetry"]
    cache = f"--cache-dir={folder}/.cache"
    report = run([program, "config", "--quiet", "--format=json", cache, *offline, folder])
    for result in report["Results"]:
        for failed in result.get("Misconfigurations", []):
            yield failed["ID"], whose(result["Target"]), failed["Message"]


def write(folder, manifest):
    """An object in a file of its own, named after it: what a scanner names is a file."""
    name = _HASH.sub("", manifest["metadata"]["name"])
    folder.mkdir(exist_ok=True)
    (folder / f"{manifest['kind']}.{name}.yaml").write_text(yaml.safe_dump(manifest))


def whose(file):
    kind, name, _ = Path(file).name.split(".")
    return f"{kind}/{name}"


def run(command):
    """Run a scanner without a network, and return its JSON report."""
    isolated = (
        ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    )
    result = subprocess.run([*isolated, *command], capture_output=True, text=True)
    assert result.stdout, result.stderr
    return json.loads(result.stdout)


SCANNERS = {"checkov": checkov, "trivy": trivy}


@pytest.fixture(scope="module")
def folder(built, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    for overlay, text in built.items():
        for manifest in yaml.safe_load_all(text):
            write(folder / overlay.replace("/", "-"), manifest)
    return folder


@pytest.mark.parametrize("scanner", SCANNERS)
def test_a_scanner_finds_nothing_but_what_is_excepted(scanner, folder):
    excepted = {
        (check, kept)
        for entry in EXCEPTIONS
        for check in entry["checks"]
        for kept in entry["objects"]
    }
    findings = {
        f"{check} {where}: {what}"
        for check, where, what in SCANNERS[scanner](folder)
        if (check, where) not in excepted
    }
    assert findings == set()


def test_every_exception_is_needed_and_has_a_reason(folder):
    found = {(check, where) for scan in SCANNERS.values() for check, where, _ in scan(folder)}
    for entry in EXCEPTIONS:
        assert entry["reason"]
        for check in entry["checks"]:
            assert any((check, where) in found for where in entry["objects"]), check
        for where in entry["objects"]:
            assert any((check, where) in found for check in entry["checks"]), where


@pytest.mark.parametrize("scanner", SCANNERS)
def test_a_scanner_finds_a_privileged_container(scanner, tmp_path):
    pod = {"name": "p", "image": "x", "securityContext": {"privileged": True}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "mlflow"},
        "spec": {"template": {"spec": {"containers": [pod]}}},
    }
    write(tmp_path, deployment)
    privileged = {"checkov": "CKV_K8S_16", "trivy": "KSV-0017"}[scanner]
    assert privileged in {check for check, _, _ in SCANNERS[scanner](tmp_path)}
