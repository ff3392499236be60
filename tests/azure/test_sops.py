"""An environment with sops: the age key goes from a file to the cluster, once, unseen."""

import hashlib
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(1200)
CLUSTER = "Microsoft.ContainerService/managedClusters"


@pytest.mark.parametrize("script", ["dev"], indirect=True)
def test_the_age_key_reaches_the_cluster_once(applied, azure):
    key = Path(applied.variables["AGE_KEY_FILE"])
    [command] = azure.control("commands")
    assert command["files"] == {key.name: hashlib.sha256(key.read_bytes()).hexdigest()}
    assert "kubectl create secret generic sops-age -n flux-system" in command["command"]
    assert "AGE-SECRET-KEY" not in command["command"]
    assert "vaults" not in str(azure.resources())

    applied.run("apply")
    assert azure.writes() == []

    key.write_text("AGE-SECRET-KEY-another\n")
    assert applied.run("plan").lines("+", "~", "!") == ["+ age key sops-age"]
    assert applied.run("plan", AGE_KEY_FILE="").lines("+", "~", "!") == []
    sops = applied.run("plan", AGE_KEY_FILE="", SOPS_AGE_KEY_FILE=str(key))
    assert sops.lines("+", "~", "!") == ["+ age key sops-age"]
    applied.run("apply")
    assert len(azure.control("commands")) == 2

    tags = azure.one(CLUSTER)["tags"]
    azure.drift(azure.one(CLUSTER), "tags", {"owner": tags["owner"]})
    refused = applied.run("apply", status=1, AGE_KEY_FILE="")
    assert refused.lines("!") == [
        "! age key sops-age: say where the key is: AGE_KEY_FILE=PATH in front of this command; "
        "gen secrets init makes one"
    ]
