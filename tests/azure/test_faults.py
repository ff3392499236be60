"""What goes wrong in real life: waited out, or said clearly, and a second run goes on."""

import os
import signal
import threading
from pathlib import Path

import pytest

from tests.azure.local_azure import SUBSCRIPTION, changes

pytestmark = pytest.mark.timeout(1200)
FLUX = "Microsoft.KubernetesConfiguration"
CONTAINER = "Microsoft.Storage/storageAccounts/blobServices/containers"
CLUSTER = "Microsoft.ContainerService/managedClusters"
WRITES = {"method": "PUT|PATCH|DELETE|POST", "path": "^/(subscriptions|secrets)(?!.*(Keys|check))"}


def failing(status, code, times=1, retry_after=""):
    headers = {"Retry-After": retry_after} if retry_after else {}
    return {"status": status, "code": code, "times": times, "headers": headers}


class Watcher(threading.Thread):
    """Reads the arguments and the environment of a process and all below it while they run."""

    def __init__(self, process):
        super().__init__()
        self.process = process
        self.seen = {}
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.005):
            self.look(self.process)

    def look(self, process):
        """Walk the tree: reading all of /proc takes longer than an az on a busy machine."""
        try:
            folder = Path(f"/proc/{process}")
            arguments = (folder / "cmdline").read_bytes()
            self.seen[process, arguments] = (folder / "environ").read_bytes()
            children = (folder / f"task/{process}/children").read_text().split()
        except OSError:
            return  # it has just ended
        for child in children:
            self.look(child)


def test_an_apply_outlives_what_passes_by_itself_and_shows_no_secret(script, azure, azure_cli):
    """One first apply through every error that waiting cures, each az of it a process to watch."""
    roles = "roleAssignments/"
    azure.control("fault", method="PUT", path=roles, **failing(400, "PrincipalNotFound", 2))
    azure.control("fault", method="PUT", path="^/secrets/", **failing(403, "ForbiddenByRbac", 2))
    azure.control(
        "fault",
        method="PUT",
        path="federatedIdentityCredentials",
        **failing(409, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"),
    )
    azure.control("fault", method="PUT", path="extensions/flux", **failing(429, "TooManyRequests"))
    azure.control("fault", method="GET", path="storageAccounts", **failing(503, "Busy"))
    azure.control("fault", method="GET", path="vaults", drop=True)
    azure.control("fault", method="PUT", path=f"{CLUSTER}/[^/]*$", **failing(500, "Internal"))
    process = script.start("apply", PATH=f"{azure_cli / 'bin'}:{os.environ['PATH']}")
    watcher = Watcher(process.pid)
    watcher.start()
    out, err = process.communicate(timeout=900)
    watcher.over.set()
    watcher.join()
    assert process.returncode == 0, err
    for reason in ("the identity is new", "the role does not act yet", "another credential"):
        assert err.count(f"waiting: {reason}") == 1
    assert script.run("plan").lines("+", "~", "!") == []

    named = azure.control("values")
    values = [value for versions in named.values() for value in versions]
    assert len(values) == 4
    log = (Path(script.variables["XDG_STATE_HOME"]) / "mlflow-gitops/prod.log").read_text()
    seen = b"\0".join(part for (_, line), env in watcher.seen.items() for part in (line, env))
    assert sum(b"\0keyvault\0secret\0set" in line for _, line in watcher.seen) >= 4
    for secret in (*values, "local-azure-token"):
        assert secret not in out + err + log
        assert secret.encode() not in seen
    key = named["storage-connection-string"][0].partition("AccountKey=")[2].partition(";")[0]
    assert key
    assert key.encode() not in seen


def test_killed_after_a_write_it_goes_on_from_there(script, azure, applied_state):
    """The first apply, killed after every tenth write; `make test-azure-long` has each one."""
    kills = 0
    while True:
        process = script.start("apply", gated=True)
        azure.control("fault", **WRITES, kill=process.pid, skip=9)
        _, err = process.communicate("go\n", timeout=900)
        if process.returncode != -9:
            break
        kills += 1
    assert process.returncode == 0, err
    assert kills > 1
    assert changes(applied_state, azure.state()) == []


def test_azure_asks_to_slow_down_and_says_for_how_long(applied, azure):
    """az itself waits that long. `az rest` shows no headers: the script waits ever longer."""
    busy = failing(429, "TooManyRequests", retry_after="3")
    for kind, name in ((CONTAINER, "artifactroot"), (f"{FLUX}/extensions", "flux")):
        azure.control("remove", id=azure.one(kind, name)["id"])
        azure.control("fault", method="PUT", path=f"/{name}$", **busy)
    azure.control("fault", method="GET", path="fluxConfigurations", **busy)
    azure.control("requests")
    ended = applied.run("apply")
    made = [r for r in azure.control("requests") if r["write"]]
    refused, created = (r["seconds"] for r in made if r["path"].endswith("/artifactroot"))
    assert created - refused >= 3
    assert [r["status"] for r in made if r["path"].endswith("/flux")] == [429, 201]
    assert ended.err.count("waiting: Azure asks to slow down") == 1
    assert applied.run("plan").lines("+", "~", "!") == []


@pytest.mark.parametrize("stop", ["INT", "TERM"])
def test_interrupted_it_says_so_and_goes_on_later(applied, azure, stop):
    azure.control("remove", id=azure.one(f"{FLUX}/extensions")["id"])
    azure.control("fault", method="PUT", path="extensions/flux", stuck=True)
    process = applied.start("apply")
    while "creating" not in process.stderr.readline().replace("+ Flux extension", "creating"):
        assert process.poll() is None
    process.send_signal(getattr(signal, f"SIG{stop}"))
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "run it again and it goes on from here" in err


def test_an_operation_that_never_ends_is_reported(applied, azure):
    extension = azure.one(f"{FLUX}/extensions")["id"]
    azure.control("remove", id=extension)
    azure.control("fault", method="PUT", path="extensions/flux", stuck=True)
    ended = applied.run("apply", status=1, patience_seconds="2")
    assert "Flux extension flux is Creating for 2 s; see: az rest --url" in ended.err
    azure.control("finish")
    applied.run("apply")
    assert applied.run("plan").lines("+", "~", "!") == []


def test_an_operation_that_failed_is_reported_and_repaired_by_the_next_run(applied, azure):
    azure.control("remove", id=azure.one(f"{FLUX}/extensions")["id"])
    azure.control("fault", method="PUT", path="extensions/flux", fails=True)
    ended = applied.run("apply", status=1)
    assert "Flux extension flux ended as Failed" in ended.err
    assert applied.run("plan").lines("~") == ["~ Flux extension flux: Failed -> Succeeded"]
    applied.run("apply")
    assert applied.run("plan").lines("+", "~", "!") == []


def test_another_writer_in_between_is_not_overwritten(applied, azure):
    """Somebody makes the container after the plan; az finds it there and leaves it."""
    container = azure.one(CONTAINER, "artifactroot")
    azure.control("remove", id=container["id"])
    other = {"properties": {"metadata": {"made": "by another"}}}
    azure.control("fault", method="PUT", path="containers/artifactroot", write=other)
    applied.run("apply")
    after = azure.one(CONTAINER, "artifactroot")
    assert after["properties"]["metadata"] == {"made": "by another"}


def test_an_error_that_does_not_pass_stops_it_with_the_command(applied, azure):
    azure.control("remove", id=azure.one(CONTAINER, "artifactroot")["id"])
    azure.control("fault", method="PUT", path="containers/", **failing(403, "AuthorizationFailed"))
    ended = applied.run("apply", status=1)
    assert "az storage container-rm create --resource-group rg-mlflow-prod" in ended.err
    assert "AuthorizationFailed" in ended.err
    assert "run it again and it goes on from here" in ended.err


def test_a_connection_that_drops_is_said_without_the_clients_traceback(applied, azure):
    azure.control("remove", id=azure.one(CONTAINER, "artifactroot")["id"])
    azure.control("fault", method="PUT", path="containers/", drop=True, times=9)
    ended = applied.run("apply", status=1)
    assert "az storage container-rm create --resource-group rg-mlflow-prod" in ended.err
    assert "Remote end closed connection" in ended.err
    assert "Traceback" not in ended.err
    assert "run it again and it goes on from here" in ended.err


def test_a_name_that_another_has_is_said_before_anything_is_written(script, azure):
    azure.control("set", forbidden=["tharindumlflow0aa3981a", "kv-mlflow-prod-0aa3981a"])
    refused = script.run("apply", status=1)
    assert [line.partition(":")[0] for line in refused.lines("!")] == [
        "! storage account tharindumlflow0aa3981a",
        "! key vault kv-mlflow-prod-0aa3981a",
    ]
    assert azure.writes() == []


def test_a_deleted_vault_is_recovered_with_its_secrets(applied, azure):
    secrets = azure.control("values")
    vault = azure.one("Microsoft.KeyVault/vaults")["id"]
    azure.call("DELETE", vault, version="2026-02-01")
    applied.run("apply")
    assert azure.control("values") == secrets
    assert applied.run("plan").lines("+", "~", "!") == []


# What is missing, and the words and the cure that preflight has for it.
MISSING = (
    ({"caller_roles": []}, "you lack the role Contributor", "az role assignment create"),
    ({"quota": 7}, "8 more vCPUs of cores are needed", "az quota update"),
    (
        {"sku_restrictions": [{"type": "Location", "reasonCode": "NotAvailableForSubscription"}]},
        "Standard_D4as_v5 is restricted in centralindia",
        "cluster.nodes.size",
    ),
)


def test_preflight_says_everything_that_is_missing_at_once(script, azure):
    for setting, _, _ in MISSING:
        azure.control("set", **setting)
    refused = script.run("apply", status=1)
    for _, problem, cure in MISSING:
        assert problem in refused.err
        assert cure in refused.err
    assert azure.writes() == []


def test_a_reader_can_plan(script, azure):
    azure.control("set", caller_roles=["acdd72a7-3385-48ef-bd42-f606fba81ae7"])
    script.run("plan")
    assert SUBSCRIPTION in script.path.read_text()
