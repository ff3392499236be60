"""Nobody gets past the permissions, on both series and in both deliveries; the owner does."""

import pytest

from tests.permissions import attacks_reached, attacks_traces, world
from tests.permissions.scene import BYTES, FILE, PAGES, REST, Scene

# The first run on a machine installs both MLflows, PostgreSQL and Azurite.
pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("server", world.SERVERS)
def test_what_is_refused_changes_nothing_and_its_owner_may(server, tmp_path):
    """All attacks on one server: each start of one costs more than all of them."""
    with world.started(server, tmp_path) as started:
        scene = Scene(started)
        passed = {}
        for attack in (*attacks_reached.ALL, *attacks_traces.ALL):
            try:
                attack(scene)
                assert scene.all_of_anns() == scene.before
            except AssertionError as error:
                passed[attack.__name__] = error
        assert not passed, "\n\n".join(f"{name}: {why}"[:2000] for name, why in passed.items())
        _the_owner_may(scene)


def _the_owner_may(scene: Scene) -> None:
    """Every kind of request that was refused to others."""
    ann, theirs = scene.ann, scene.shown
    files = f"mlflow-artifacts/artifacts/{theirs.path}"
    for prefix in (REST, PAGES):
        assert ann("GET", f"{prefix}/{files}").body == BYTES
        assert ann("PUT", f"{prefix}/{files}", body=b"newer").status == 200
        assert ann("GET", f"/get-artifact?run_id={theirs.run}&path={FILE}").body == b"newer"
        assert ann("PUT", f"{prefix}/{files}", body=BYTES).status == 200
    version = f"name={theirs.model}&version=1"
    assert ann("GET", f"{REST}/mlflow/model-versions/get?{version}").status == 200
    both = {"run_id": theirs.run, "run_uuid": theirs.run}
    metric = {**both, "key": "a", "value": 1, "timestamp": 1}
    tag = {"key": "a", "value": "b"}
    for method, path, said in (
        ("POST", "runs/log-metric", metric),
        ("POST", "runs/set-tag", {**both, **tag}),
        ("POST", "experiments/set-experiment-tag", {"experiment_id": theirs.experiment, **tag}),
        ("PATCH", f"traces/{theirs.trace}/tags", tag),
        ("POST", "runs/delete", {"run_id": theirs.run}),
        ("POST", "runs/restore", {"run_id": theirs.run}),
        (
            "POST",
            "traces/delete-traces",
            {"experiment_id": theirs.experiment, "max_traces": 1, "max_timestamp_millis": 5},
        ),
        ("DELETE", "registered-models/delete", {"name": theirs.model}),
        ("POST", "experiments/delete", {"experiment_id": theirs.experiment}),
    ):
        answer = ann(method, f"{REST}/mlflow/{path}", said)
        assert answer.status == 200, (path, answer)
    # What bob may read, he reads.
