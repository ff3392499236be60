"""Destroying: resource by resource, data only when told, and what is kept is taken up again."""

import pytest

from tests.azure.local_azure import SUBSCRIPTION, changes

pytestmark = pytest.mark.timeout(1200)
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-mlflow-prod"


def disk_in(group):
    """What Kubernetes makes for PostgreSQL's claim."""
    return {
        "id": f"{group}/providers/Microsoft.Compute/disks/pvc-1",
        "name": "pvc-1",
        "type": "Microsoft.Compute/disks",
        "location": "centralindia",
        "tags": {
            "kubernetes.io-created-for-pvc-namespace": "mlflow",
            "kubernetes.io-created-for-pvc-name": "postgresql-data",
        },
        "properties": {},
    }


DISK = disk_in(GROUP)


def kinds(azure):
    return {body["type"].rpartition("/")[2] for body in azure.resources().values()}


def test_it_asks_for_the_environments_name(applied, azure):
    before = azure.state()
    refused = applied.run("destroy", "--delete-data", stdin="prd\n", status=1)
    assert "Type the name of the environment" in refused.err
    for line in ("- AKS cluster aks-mlflow-prod", "- storage account tharindumlflow0aa3981a"):
        assert f"{line}\n" in refused.err
    assert "Nothing was deleted." in refused.err
    assert azure.writes() == []
    assert changes(before, azure.state()) == []


def test_data_stays_and_is_taken_up_again(applied, azure):
    azure.control("resource", **DISK)
    secrets = azure.control("values")
    told = applied.run("destroy", stdin="prod\n")
    before, _, after = told.err.partition("Type the name")
    assert "= disk pvc-1\n" in before
    assert "= storage account tharindumlflow0aa3981a\n" in before
    assert "- AKS cluster aks-mlflow-prod\n" in before
    gone = [line.rpartition("- ")[2] for line in after.splitlines() if "- " in line]
    assert gone == [line[2:] for line in before.splitlines() if line[:1] == "-"]
    assert "gen set --env prod apps.mlflow.database.disk=pvc-1\n" in told.err
    data = {"storageAccounts", "blobServices", "containers", "vaults", "disks"}
    assert kinds(azure) == {"resourceGroups", *data}
    assert azure.state()["deleted_vaults"] == []
    assert f"DELETE {GROUP}" not in azure.writes()
    applied.run("destroy", stdin="prod\n")
    assert azure.writes() == []

    refused = applied.run("apply", status=1)
    [line] = refused.lines("!")
    assert "AKS cluster aks-mlflow-prod: PostgreSQL's data is on disk pvc-1, which the" in line
    assert "gen set --env prod apps.mlflow.database.disk=pvc-1, then commit and push" in line
    assert azure.writes() == []

    applied.render(apps__mlflow__database__disk="pvc-1")
    applied.run("apply")
    assert azure.control("values") == secrets
    assert applied.run("plan").lines("+", "~", "!") == []


def test_a_disk_that_is_not_there_is_not_waited_for(script, azure):
    script.render(apps__mlflow__database__disk="pvc-2")
    [line] = script.run("plan").lines("!")
    assert "disk pvc-2 is not in rg-mlflow-prod: gen set --env prod --unset" in line


def test_with_its_data_nothing_stays(applied, azure):
    azure.control("resource", **DISK)
    for _ in range(2):
        applied.run("destroy", "--delete-data", stdin="prod\n")
        assert azure.resources() == {}
        assert azure.state()["deleted_vaults"] == []
    assert azure.state()["secrets"] == {}


def test_a_group_that_holds_something_of_others_stays(applied, azure):
    theirs = DISK | {"id": DISK["id"] + "-of-others", "tags": {}}
    azure.control("resource", **theirs)
    told = applied.run("destroy", "--delete-data", stdin="prod\n")
    assert "resource group rg-mlflow-prod: kept, it still holds" in told.err
    assert [body["name"] for body in azure.resources().values()] == ["rg-mlflow-prod", "pvc-1"]


def test_a_role_goes_whatever_the_name_of_its_assignment(applied, azure):
    """Whoever runs what a dry run prints lets az choose the names."""
    kind = "Microsoft.Authorization/roleAssignments"
    given = [body for body in azure.resources().values() if body["type"] == kind]
    assert len(given) == 6
    for number, body in enumerate(given):
        azure.control("remove", id=body["id"])
        scope = body["id"].rpartition("/")[0]
        name = f"0aa3981a-4444-4444-8444-{number:012}"
        azure.control("resource", **body | {"id": f"{scope}/{name}", "name": name})
    assert applied.run("plan").lines("+", "~", "!") == []
    applied.run("destroy", "--delete-data", stdin="prod\n")
    assert azure.resources() == {}
