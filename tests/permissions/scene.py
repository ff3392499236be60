"""A world's things and people: what ann owns, what bob is shown, and what nobody else may see."""

from dataclasses import dataclass
from typing import Any

from tests.permissions.world import Answer, World

REST, PAGES = "/api/2.0", "/ajax-api/2.0"
OWNER, ATTACKER = "ann", "bob"
FILE, BYTES = "model.pkl", b"the bytes of ann's model"


@dataclass(frozen=True)
class Owned:
    """One experiment of ann's, with a run that has a file, a registered model and a trace."""

    experiment: str
    run: str
    model: str
    trace: str

    @property
    def path(self) -> str:
        """Where the file of the run lies in the container."""
        return f"{self.experiment}/{self.run}/artifacts/{FILE}"

    @property
    def location(self) -> str:
        return f"mlflow-artifacts:/{self.experiment}/{self.run}/artifacts"


class Scene:
    """What both people have: `secret` is hidden from bob, `shown` he may read, `mine` is his."""

    def __init__(self, world: World) -> None:
        self.world = world
        for user in (OWNER, ATTACKER):
            world.add(user)
        self.secret = self._owned(OWNER, "secret")
        self.shown = self._owned(OWNER, "shown")
        self.mine = self._owned(ATTACKER, "mine")
        world.permit(ATTACKER, "experiment", self.shown.experiment, "READ")
        world.permit(ATTACKER, "registered_model", self.shown.model, "READ")
        self.before = self.all_of_anns()

    def _owned(self, who: str, name: str) -> Owned:
        world = self.world
        experiment = world.experiment(who, name)
        run = world.run(who, experiment)
        world.must(who, "POST", f"{REST}/mlflow/registered-models/create", {"name": name})
        made = {"experiment_id": experiment, "timestamp_ms": 1, "request_metadata": [], "tags": []}
        trace = world.must(who, "POST", f"{REST}/mlflow/traces", made)["trace_info"]["request_id"]
        owned = Owned(experiment, run, name, trace)
        world.must(who, "PUT", f"{REST}/mlflow-artifacts/artifacts/{owned.path}", body=BYTES)
        source = {"name": name, "source": f"{owned.location}/model", "run_id": run}
        world.must(who, "POST", f"{REST}/mlflow/model-versions/create", source)
        return owned

    def bob(self, method: str, path: str, said: Any = None, **more: Any) -> Answer:
        return self.world.ask(ATTACKER, method, path, said, **more)

    def ann(self, method: str, path: str, said: Any = None, **more: Any) -> Answer:
        return self.world.ask(OWNER, method, path, said, **more)

    def all_of_anns(self) -> list[Any]:
        """Return what the administrator sees of ann's things: no refused request changes it."""
        admin, found = self.world.admin, []
        for owned in (self.secret, self.shown):
            for question in (
                f"mlflow/experiments/get?experiment_id={owned.experiment}",
                f"mlflow/runs/get?run_id={owned.run}",
                f"mlflow/registered-models/get?name={owned.model}",
                f"mlflow/artifacts/list?run_id={owned.run}",
                f"mlflow/traces/{owned.trace}/info",
            ):
                found.append(self.world.must(admin, "GET", f"{REST}/{question}"))
            path = f"{REST}/mlflow-artifacts/artifacts/{owned.path}"
            found.append(self.world.ask(admin, "GET", path).body)
        return found

    def refused(self, *answers: Answer) -> None:
        """Assert that all were refused, for a reason that the sender can mend or must accept."""
        said = [(answer.status, answer.body[:200]) for answer in answers]
        assert {answer.status for answer in answers} <= {400, 403, 404}, said
        assert not [text for _, text in said if BYTES in text]
