"""A series' application in one process, what lies in it, and who asks for it."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.manifests import images
from tests.manifests.pods import PATIENCE, Cluster, Pod, Process
from tests.manifests.serving import PROD, SECRETS
from tests.permissions import world
from tests.permissions.world import SERIES, World

OWNER, OTHER = "owner", "other"
LEVELS = ("READ", "EDIT", "MANAGE")
_INSIDE = Path(__file__).with_name("inside.py")
_GRANTS = {  # the kind of a grant, and the name of the thing in `things`; 2.22 has the first two
    "experiment": "experiment_id",
    "registered_model": "name",
    "scorer": "scorer",
    "gateway_secret": "secret_id",
    "gateway_endpoint": "endpoint_id",
    "gateway_model_definition": "model_definition_id",
    "mcp_server": "mcp_server",
}

Things = dict[str, Any]


class Inside(World):
    """A world whose server is one process that does as it is told: tests/permissions/inside.py."""

    def __init__(self, cluster: Cluster, series: str, process: Process, log: Path) -> None:
        self.cluster, self.series, self.process, self.log = cluster, series, process, log
        self.admin = PROD.environment.apps.mlflow.auth.admin

    def order(self, **order: Any) -> Any:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, self.log.read_text()[-4000:]
        return json.loads(answer)

    def people(self, things: Things) -> None:
        """Add a user for each level, who has it on all of the things, and one without a grant."""
        self.add("stranger")
        self.add("somebody")
        denied = ("NO_PERMISSIONS",) if self.series == "2.22" else ()
        for level in (*LEVELS, *denied):
            self.add(level)
            for kind, name in _GRANTS.items():
                if name in things:
                    self.permit(level, kind, things[name], level)


@contextmanager
def started(series: str, folder: Path) -> Iterator[tuple[Inside, Pod, str]]:
    """Start a series' application with empty databases. Yield its pod, and what that said, too."""
    objects = world.built(f"{series}-kustomize", "NO_PERMISSIONS").objects
    with Cluster(folder, objects, SECRETS).network() as cluster:
        cluster.postgresql().start()
        pod = cluster.mlflow()
        said = pod.initialise()
        (container,) = pod.spec["containers"]
        files = pod.volumes
        variables = pod.variables(container) | {
            "PATH": os.defpath,
            "HOME": str(folder),
            "PGHOST": "127.0.0.1",
            "PYTHONPATH": str(files["configuration"]),  # the ConfigMap's files, and no copy
            "MLFLOW_AUTH_CONFIG_PATH": str(files["run"] / "basic_auth.ini"),
            "SECRETS": str(files["secrets"]),
        }
        log = folder / "inside.log"
        with log.open("w") as errors:
            process = cluster.start(
                [images.python(SERIES[series][1]), "-c", _INSIDE.read_text()],
                env=variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        yield Inside(cluster, series, process, log), pod, said
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, log.read_text()[-4000:]


@dataclass(frozen=True)
class Asking:
    """An application whose handlers do nothing any more, and what lies in it."""

    inside: Inside
    pod: Pod
    said: str
    """What its initialisation said."""
    routes: list[Any]
    """As inside.py tells them."""
    mine: Things
    """The owner's. There is a user for each level who has it on all of these."""
    theirs: Things
    """Another's, for whose things nobody else has a grant."""


@contextmanager
def asking(series: str, folder: Path) -> Iterator[Asking]:
    with started(series, folder) as (inside, pod, said):
        for user in (OWNER, OTHER):
            inside.add(user)
        mine, theirs = (things(inside, who, f"{who}s") for who in (OWNER, OTHER))
        inside.people(mine)
        if series == "2.22":
            _shut_out(inside, theirs)
        routes = inside.order(tell="routes")
        inside.order(stop="stop")
        yield Asking(inside, pod, said, routes, mine, theirs)


def _shut_out(inside: Inside, theirs: Things) -> None:
    """Take another's things from the owner, and what has no number, whatever the default is."""
    for experiment in ("0", theirs["experiment_id"]):
        inside.permit(OWNER, "experiment", experiment, "NO_PERMISSIONS")
    inside.permit(OWNER, "registered_model", theirs["name"], "NO_PERMISSIONS")


def things(inside: Inside, who: str, name: str) -> Things:
    """Make one of everything, and return it by the names of the fields that mean it."""
    experiment = inside.experiment(who, name)
    run = inside.run(who, experiment)
    rest, models = "/api/2.0/mlflow", "/api/2.0/mlflow/registered-models"
    inside.must(who, "POST", f"{models}/create", {"name": name})
    made = {"experiment_id": experiment, "timestamp_ms": 1, "request_metadata": [], "tags": []}
    trace = inside.must(who, "POST", f"{rest}/traces", made)["trace_info"]["request_id"]
    source = f"mlflow-artifacts:/{experiment}/{run}/artifacts/model"
    version = {"name": name, "source": source, "run_id": run}
    inside.must(who, "POST", f"{rest}/model-versions/create", version)
    alias = {"name": name, "alias": "champion", "version": "1"}
    inside.must(who, "POST", f"{models}/alias", alias)
    metric = {"key": "a", "value": 1, "timestamp": 1, "step": 0}
    found = {
        "metrics": [metric],
        "params": [{"key": "a", "value": "b"}],
        "experiment_id": experiment,
        "experiment_ids": [experiment],
        "experiment_name": name,
        "run_id": run,
        "run_uuid": run,
        "run_ids": [run],
        "name": name,
        "version": "1",
        "alias": "champion",
        "source": source,
        "request_id": trace,
        "trace_id": trace,
        "trace_ids": [trace],
        "request_ids": [trace],
        "artifact_path": f"{experiment}/{run}/artifacts/model.pkl",
        "trace": {
            "trace_info": {"trace_id": f"tr-{name}", "trace_location": _location(experiment)}
        },
        "locations": [_location(experiment)],
    }
    return found | (_newer_things(inside, who, found) if inside.series == "3.16" else {})


def _location(experiment: str) -> Things:
    """Where MLflow 3's traces say that they lie."""
    return {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}


def _newer_things(inside: Inside, who: str, older: Things) -> Things:
    """Make what only MLflow 3 has."""
    rest, name, experiment = "/api/3.0/mlflow", older["name"], older["experiment_id"]
    own = {"experiment_id": experiment, "name": name}

    def make(path: str, *answer: str, by: str = who, **said: Any) -> Any:
        made = inside.must(by, "POST", f"{rest}/{path}", said)
        for key in answer:
            made = made[key]
        return made

    logged = inside.must(who, "POST", "/api/2.0/mlflow/logged-models", own)["model"]["info"]
    admin, day = inside.admin, {"unit": "DAYS", "value": 1}
    secret = {"secret_name": name, "secret_value": {"api_key": "x"}, "provider": "openai"}
    secret_id = make("gateway/secrets/create", "secret", "secret_id", by=admin, **secret)
    definition = {"name": name, "secret_id": secret_id, "provider": "openai", "model_name": "x"}
    definition_id = make(
        "gateway/model-definitions/create",
        *("model_definition", "model_definition_id"),
        by=admin,
        **definition,
    )
    models = [{"model_definition_id": definition_id, "linkage_type": "PRIMARY", "weight": 1}]
    endpoint = {"name": name, "model_configs": models}
    endpoint_id = make("gateway/endpoints/create", "endpoint", "endpoint_id", by=admin, **endpoint)
    for kind, made in (
        ("gateway_secret", secret_id),
        ("gateway_model_definition", definition_id),
        ("gateway_endpoint", endpoint_id),
    ):
        inside.permit(who, kind, made, "MANAGE")
    scorer = make("scorers/register", **own, serialized_scorer="{}")["scorer_id"]
    budget = {"budget_unit": "USD", "budget_amount": 1, "duration": day, "target_scope": "GLOBAL"}
    answers = {"pass_fail": {"positive_label": "yes", "negative_label": "no"}}
    make("mcp-servers", name=f"walk/{name}")
    return {
        "dataset_id": make(
            "datasets/create", "dataset", "dataset_id", name=name, experiment_ids=[experiment]
        ),
        "model_id": logged["model_id"],
        "models": [{"model_id": logged["model_id"]}],
        "metrics": [{**older["metrics"][0], "model_id": logged["model_id"]}],
        "issue_id": make("issues", "issue", "issue_id", **own, description="x"),
        "schema_id": make(
            "label-schemas/create",
            *("label_schema", "schema_id"),
            **own,
            type="FEEDBACK",
            input=answers,
        ),
        "queue_id": make(
            "review-queues/create",
            *("review_queue", "queue_id"),
            **own,
            queue_type="CUSTOM",
            users=[who],
        ),
        "scorer": f"{experiment}/{name}",
        "secret_id": secret_id,
        "model_definition_id": definition_id,
        "endpoint_id": endpoint_id,
        "guardrail_id": make(
            "gateway/guardrails/create",
            *("guardrail", "guardrail_id"),
            by=admin,
            name=name,
            scorer_id=scorer,
            scorer_version=1,
            stage="BEFORE",
            action="VALIDATION",
        ),
        "budget_policy_id": make(
            "gateway/budgets/create",
            *("budget_policy", "budget_policy_id"),
            by=admin,
            **budget,
            budget_action="ALERT",
        ),
        "role_id": make("roles/create", "role", "id", by=admin, workspace="default", name=name),
        "mcp_server": f"walk/{name}",
        "model_configs": models,
        "model_config": models[0],
        "resource_id": experiment,
    }
