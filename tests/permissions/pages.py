"""The pages of both series, what they must show, and what is logged to be seen on them."""

import json
from dataclasses import dataclass
from typing import NamedTuple

from tests.permissions.world import World

SHOWN, HIDDEN = "shown", "concealed"
"""What the names of all things begin with that a reader may see, and may not."""

_LOG = """
import json, sys
import mlflow, numpy
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
if mlflow.__version__ < "3":  # its processor of spans lacks what a newer one of these reads
    SimpleSpanProcessor.on_end = lambda self, span: self.span_exporter.export([span])

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input):
        return model_input

def log(name, depth):
    with mlflow.start_run(run_name=f"{name}-run-{depth}") as run:
        mlflow.log_param("depth", depth)
        mlflow.log_metric("loss", 1 / depth)
        for step in range(4):
            mlflow.log_metric("score", depth * step / 20, step=step)
        mlflow.log_text(f"a note of {name}", "note.txt")
        picture = numpy.zeros((120, 240, 3), numpy.uint8)
        picture[:, :, 0] = numpy.arange(240)
        mlflow.log_image(picture, "picture.png")
        mlflow.log_input(mlflow.data.from_numpy(numpy.arange(3.0), name=f"{name}-data"))
    return run.info.run_id

def register(name, run):
    with mlflow.start_run(run):
        where = {"artifact_path" if mlflow.__version__ < "3" else "name": "model"}
        signature = mlflow.models.infer_signature(numpy.arange(3.0))
        return mlflow.pyfunc.log_model(
            **where, python_model=Model(), signature=signature, pip_requirements=[],
            registered_model_name=f"{name}-model",
        )

def trace(name):
    with mlflow.start_span(f"{name}-span") as span:
        span.set_inputs({"question": f"{name}-question"})
        span.set_outputs({"answer": f"{name}-answer"})
    return span.request_id

mlflow.set_tracking_uri("http://127.0.0.1:5000")
for name in sys.argv[1:]:
    experiment = mlflow.set_experiment(f"{name}-experiment").experiment_id
    runs = [log(name, depth) for depth in (3, 5)]
    model = getattr(register(name, runs[1]), "model_id", "")
    logged = {"experiment": experiment, "runs": runs, "model": model, "trace": trace(name)}
if mlflow.__version__ >= "3":
    mlflow.flush_trace_async_logging()
print(json.dumps(logged))
"""


@dataclass(frozen=True)
class Logged:
    """The ids of what a reader may see; `model` is what 3.16 calls a logged model."""

    experiment: str
    runs: list[str]
    model: str
    trace: str


class Page(NamedTuple):
    """What follows the # of its address, and the texts that it shows once it is complete."""

    path: str
    texts: tuple[str, ...]


def log(world: World) -> Logged:
    """Log the same under both names, as the administrator."""
    login = world.login(world.admin)
    said = world.cluster.answer(_LOG, HIDDEN, SHOWN, tool=world.tool, **login)
    return Logged(**json.loads(said))


def pages(series: str, logged: Logged) -> dict[str, Page]:
    """Return a series' pages by name. None shows the texts of the one before it."""
    own = _pages_of_3(logged) if series == "3.16" else _pages_of_2(logged)
    every = {**own, **_pages_of_both(logged)}
    return {name: Page(path, texts) for name, (path, *texts) in every.items()}


def _pages_of_2(logged: Logged) -> dict[str, tuple[str, ...]]:
    experiment = f"experiments/{logged.experiment}"
    traces = f"{experiment}?compareRunsMode=TRACES"
    return {
        "experiments": ("", "shown-experiment", "Time created"),
        "experiment": (experiment, "shown-run-3", "shown-run-5", "shown-data", "shown-model"),
        "traces": (traces, "shown-question"),
        "trace": (f"{traces}&selectedTraceId={logged.trace}", "shown-span", "shown-answer"),
    }


def _pages_of_3(logged: Logged) -> dict[str, tuple[str, ...]]:
    experiment = f"experiments/{logged.experiment}"
    trace = f"{experiment}/traces?selectedEvaluationId={logged.trace}"
    return {
        "home": ("", "Welcome to MLflow", "shown-experiment"),
        "experiments": ("experiments", "Time created", "shown-experiment"),
        "experiment": (experiment, "Latency", "shown-experiment"),
        "runs": (f"{experiment}/runs", "shown-run-3", "shown-run-5", "shown-data", "shown-model"),
        "model's files": (f"{experiment}/models/{logged.model}/artifacts", "MLmodel"),
        "traces": (f"{experiment}/traces", "shown-question", "shown-answer"),
        "trace": (trace, "shown-span"),
        "account": ("account", "Logged in as "),
        "users": ("admin", "Platform Admin", "Username"),
        "gateway": ("gateway", "Get started with AI Gateway"),
    }


def _pages_of_both(logged: Logged) -> dict[str, tuple[str, ...]]:
    run = f"experiments/{logged.experiment}/runs/{logged.runs[1]}"
    compared = f'runs={json.dumps(logged.runs)}&experiments=["{logged.experiment}"]'
    return {
        "run": (run, "Parameters (1)", "Metrics (2)", "0.75", "shown-data", "shown-model"),
        "metrics": (f"{run}/model-metrics", "shown-run-5 (score)"),
        "note": (f"{run}/artifacts/note.txt", "a note of shown"),
        "compared": (f"compare-runs?{compared}", "Comparing 2 Runs from 1 Experiment", "0.45"),
        "picture": (f"{run}/artifacts/picture.png", "Path: mlflow-artifacts:/", "picture.png"),
        "models": ("models", "shown-model", "Latest version"),
        "model": ("models/shown-model", "Created Time", "Version 1"),
        "version": ("models/shown-model/versions/1", "shown-run-5", "Inputs (1)"),
        "prompts": ("prompts", "Prompts", "Last modified"),
    }
