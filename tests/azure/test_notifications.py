"""With a key vault, what Flux tells people with goes from a file to the cluster, once, unseen."""

import hashlib

import pytest

pytestmark = pytest.mark.timeout(1200)
TOKEN = "ghp_" + "t" * 36
CLUSTER = "Microsoft.ContainerService/managedClusters"
ASKED = (
    "! notification secret commit-status: say where its value is: COMMIT_STATUS_TOKEN_FILE=PATH "
    "in front of this command; see docs/notifications.md"
)
SWITCHED_OFF = (
    "~ Flux extension flux: configurationSettings.notification-controller.enabled: true -> false"
)


def test_the_token_reaches_the_cluster_once_and_the_controller_is_on(script, azure, tmp_path):
    script.render(notifications__commit_status="github")
    assert script.run("apply", status=1).lines("!") == [ASKED]
    assert azure.writes() == []

    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    told = script.run("apply", COMMIT_STATUS_TOKEN_FILE=str(file))
    [command] = azure.control("commands")
    assert command["files"] == {"commit-status": hashlib.sha256(TOKEN.encode()).hexdigest()}
    assert "create secret generic commit-status -n flux-system" in command["command"]
    assert "--from-file=token=commit-status" in command["command"]
    settings = azure.one("Microsoft.KubernetesConfiguration/extensions")["properties"]
    assert settings["configurationSettings"]["notification-controller.enabled"] == "true"
    assert settings["configurationSettings"]["helm-controller.enabled"] == "false"
    assert TOKEN not in told.out + told.err + command["command"]

    assert script.run("plan").lines("+", "~", "!") == []
    file.write_text(TOKEN[::-1])
    again = script.run("plan", COMMIT_STATUS_TOKEN_FILE=str(file))
    assert again.lines("+", "~", "!") == ["+ notification secret commit-status"]

    script.render(notifications__commit_status="none")
    assert script.run("plan").lines("+", "~", "!") == [SWITCHED_OFF]
