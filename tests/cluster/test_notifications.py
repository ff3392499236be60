"""A commit -> its status at GitHub, in the chat what failed; the token where it belongs alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.cluster import delivery
from tests.cluster.delivery import Delivery
from tests.cluster.rig import Cluster, flux, outside
from tests.cluster.rig.outside import HOOK, REPOSITORY, Outside
from tests.cluster.rig.waiting import wait_for

TOKEN = "ghp_" + "t" * 36


@dataclass(frozen=True)
class Telling:
    """A user's copy whose environment tells, the cluster that follows it, and who is told."""

    delivery: Delivery
    outside: Outside

    def push(self, message: str) -> str:
        """Commit and push everything; return the commit."""
        return self.delivery.push(message).rpartition(":")[2]

    def told(self, commit: str, part: str, state: str) -> None:
        """Wait until a commit has a state for one of Flux's Kustomizations."""
        context = f"dev/{part}"
        wait_for(f"{state} of {context}", lambda: self.outside.state(commit, context) == state)


@pytest.fixture(scope="module")
def telling() -> Iterator[Telling]:
    with Cluster(tells=True) as cluster:
        place = cluster.place
        with outside.serving(cluster.plane.authority, place.address, TOKEN) as world:
            changes = ["notifications.commit_status=github", "notifications.chat=slack"]
            changes.append(f"git.url={world.url}/{REPOSITORY}")
            made = delivery.copy(cluster, "dev", changes=changes)
            for name, value in ("commit-status-token", TOKEN), ("chat-webhook", world.url + HOOK):
                made.gen("secrets", "set", "--env", "dev", name, value=value)
            revision = made.push("First commit")
            made.follow()
            made.wait(revision, "mlflow-notifications")
            yield Telling(made, world)


def test_a_commit_gets_its_result_as_a_status(telling: Telling) -> None:
    telling.delivery.set("apps.mlflow.workers=3")
    commit = telling.push("Three workers")
    telling.told(commit, "mlflow-notifications", "success")
    telling.told(commit, "flux-system-cluster", "success")
    # There is no node: PostgreSQL never gets ready, so nothing may be called a success.
    assert telling.outside.state(commit, "mlflow-server") is None


def test_a_commit_that_cannot_be_applied_fails_and_the_chat_hears_why(telling: Telling) -> None:
    path = "apps/mlflow/overlays/dev/data/patches.yaml"
    telling.delivery.replace(path, "kind: StatefulSet", "kind: [StatefulSet")
    commit = telling.push("Break it")
    telling.told(commit, "mlflow-data", "failure")
    message = wait_for("message", lambda: next(iter(about(telling, commit)), None))
    (attachment,) = message["attachments"]
    assert attachment["author_name"] == "kustomization/mlflow-data.flux-system"
    assert "patches.yaml" in attachment["text"]
    assert {"title": "environment", "value": "dev", "short": False} in attachment["fields"]
    assert attachment["color"] == "danger"
    # What failed is the only thing that the chat hears.
    assert {one["attachments"][0]["color"] for one in telling.outside.messages} == {"danger"}

    telling.delivery.restore("HEAD~1")
    telling.told(telling.push("Repair it"), "mlflow-notifications", "success")


def about(telling: Telling, commit: str) -> list[dict]:
    """What the chat was told of a commit, in which something cannot be built."""
    return [
        message
        for message in telling.outside.messages
        if commit in json.dumps(message) and "mlflow-data" in json.dumps(message)
    ]


def test_the_token_stands_in_its_secret_and_nowhere_else(telling: Telling) -> None:
    client = telling.delivery.cluster.client
    kinds = ["Alert", "ConfigMap", "Event", "GitRepository", "Kustomization", "Provider", "Secret"]
    for kind in kinds:
        for item in client.objects(kind):
            is_own = (kind, item["metadata"]["name"]) in {("Secret", "commit-status")}
            held = json.dumps(item) if kind != "Secret" else str(item.get("data", {}).values())
            assert is_own or TOKEN not in held, item["metadata"]
            assert kind == "Secret" or HOOK not in held, item["metadata"]
    logs = telling.delivery.cluster.place.logs.glob("*.log")
    assert not [log.name for log in logs if TOKEN in log.read_text() or HOOK in log.read_text()]


def test_a_token_that_has_expired_is_told_of_without_it(telling: Telling) -> None:
    telling.outside.token = "another"
    try:
        telling.delivery.set("apps.mlflow.workers=4")
        commit = telling.push("Four workers")
        event = wait_for("event of the Alert", lambda: failed(telling, "Bad credentials"))
        assert TOKEN not in event
        assert commit not in telling.outside.statuses
    finally:
        telling.outside.token = TOKEN
    telling.delivery.set("apps.mlflow.workers=5")
    telling.told(telling.push("Five workers"), "mlflow-notifications", "success")


def failed(telling: Telling, why: str) -> str | None:
    """What Kubernetes was told of a message that was not taken for that reason.

    The first rollout leaves another: a result may come before its Provider is there.
    """
    events = telling.delivery.cluster.client.objects("Event", namespace=flux.NAMESPACE)
    found = (e["message"] for e in events if e["reason"] == "NotificationDispatchFailed")
    return next((message for message in found if why in message), None)
