"""What Flux applies -> what checkov and trivy find in it that exceptions.yaml does not name.

Both run without a network.
"""

import json
import os
import re
import subprocess
from itertools import chain
from pathlib import Path

import yaml

from generator import programs
from tests.manifests import cases
from tests.trees import ROOT

EXCEPTIONS = yaml.safe_load((Path(__file__).parent / "exceptions.yaml").read_text())

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


SCANNERS = {"CKV": checkov, "KSV": trivy}
"""By what the names of their checks start with."""


def finds_what_is_excepted_and_nothing_else(scanner, folder):
    for name in cases.FILES:
        for item in cases.case(name).objects:
            write(folder / name.replace("/", "-"), item.values)

    found = {(check, whose): what for check, whose, what in SCANNERS[scanner](folder)}

    excepted = [
        [(check, whose) for check in entry["checks"] if check.startswith(scanner)]
        for entry in EXCEPTIONS
        for whose in entry["objects"]
    ]
    assert {key: found[key] for key in found.keys() - set(chain(*excepted))} == {}
    assert {check for check, _ in chain(*excepted)} == {check for check, _ in found}
    for pairs in excepted:
        assert not pairs or found.keys() & set(pairs), "an exception that nothing needs any more"


def finds_a_privileged_container(scanner, check, folder):
    pod = {"name": "p", "image": "x", "securityContext": {"privileged": True}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "mlflow"},
        "spec": {"template": {"spec": {"containers": [pod]}}},
    }
    write(folder, deployment)
    assert check in {found for found, _, _ in SCANNERS[scanner](folder)}
