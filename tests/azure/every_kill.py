"""`make test-azure-long`: every environment's first apply, killed after each single write; and the
rest of a life of those that `make test` has not: applied again, destroyed, planned anew.

pytest collects this file only where it is named: an environment takes a minute or two of two cores.
"""

import pytest

from tests.azure.local_azure import SUBSCRIPTION, changes
from tests.azure.test_destroy import disk_in, kinds
from tests.azure.test_faults import WRITES

pytestmark = pytest.mark.timeout(3600)


@pytest.mark.parametrize("script", ["dev", "prod", "staging"], indirect=True)
def test_killed_after_each_write_it_ends_in_the_same_state(applied, azure):
    """Each run does one write more than the one before.

    Only a secret that is handed over to the cluster comes again, until its digest is written too:
    a run that changed nothing is followed by one that may do one write more.
    """
    expected = azure.state()
    azure.control("reset")
    kills, reached, more = 0, azure.state(), 0
    while True:
        process = applied.start("apply", gated=True)
        azure.control("fault", **WRITES, kill=process.pid, skip=more)
        _, err = process.communicate("go\n", timeout=900)
        if process.returncode != -9:
            break
        kills += 1
        before, reached = reached, azure.state()
        more = more + 1 if changes(before, reached) == [] else 0
        assert more < 2, "a run got no further than the one before"
    azure.control("calm")
    assert process.returncode == 0, err
    assert kills > 25
    assert changes(expected, azure.state()) == []
    assert applied.run("plan").lines("+", "~", "!") == []
    for _ in range(2):
        applied.run("destroy", "--delete-data", stdin=f"{applied.env.name}\n")
        assert azure.resources() == {}


@pytest.mark.parametrize("script", ["dev", "staging"], indirect=True)
def test_a_life_without_an_accident(applied, azure):
    name, state = applied.env.name, azure.state()
    applied.run("apply")
    assert azure.writes() == []
    assert changes(state, azure.state()) == []

    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{applied.env.azure.resource_group}"
    azure.control("resource", **disk_in(group))
    vaults = {"vaults"} if applied.env.secrets.provider == "key-vault" else set()
    data = {"resourceGroups", "storageAccounts", "blobServices", "containers", "disks", *vaults}
    for _ in range(2):
        azure.writes()
        applied.run("destroy", stdin=f"{name}\n")
        assert kinds(azure) == data
    assert azure.writes() == []
    for _ in range(2):
        azure.writes()
        applied.run("destroy", "--delete-data", stdin=f"{name}\n")
        assert azure.resources() == {}
        assert azure.state()["deleted_vaults"] == []
    assert azure.writes() == []

    azure.control("reset")
    assert applied.run("plan").lines("=", "~", "!") == []
    assert azure.writes() == []
