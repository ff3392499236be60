"""Backups: what counts as one, which stay, and what a restore does and refuses."""

import json
import os
import shutil

import pytest

from generator import programs, restore, yaml
from generator.environment import edit
from generator.environment.mlflow import BACKUPS
from generator.local import azurite
from tests.manifests import cases
from tests.manifests.pods import Cluster
from tests.trees import ROOT

KEEP = 3
BUILT = cases.build(
    edit.assign(cases.OWN["prod"].read_text(), {("apps", "mlflow", "backup", "keep"): KEEP}), "prod"
)
CRON_JOB = BUILT.one("CronJob", restore.NAME)
ARTIFACTS = BUILT.environment.apps.mlflow.artifacts
CONNECTION = azurite.connection_string(ARTIFACTS.account, "a2V5", 10000)
SECRETS = {
    "database-password": "it's : a \\: password",
    "admin-password": "of twelve or more",
    "flask-secret-key": "k" * 64,
    "storage-connection-string": CONNECTION,
}
ADMIN = {
    "MLFLOW_TRACKING_USERNAME": BUILT.environment.apps.mlflow.auth.admin,
    "MLFLOW_TRACKING_PASSWORD": SECRETS["admin-password"],
}

# The first run on a machine installs MLflow, PostgreSQL and Azurite.
pytestmark = pytest.mark.timeout(900)


LISTENS = """
import socket
while socket.socket().connect_ex(("127.0.0.1", 10000)):
    pass
"""


@pytest.fixture
def cluster(tmp_path):
    """A running PostgreSQL, and the storage account with both of its containers."""
    with Cluster(tmp_path, BUILT.objects, SECRETS).network() as cluster:
        program = programs.find(ROOT, "azurite", "azurite-blob", say=print)
        options = ["--skipApiVersionCheck", "--silent", "--disableTelemetry"]
        cluster.start(
            [program, "--location", tmp_path / "azurite", *options],
            env={**os.environ, "AZURITE_ACCOUNTS": f"{ARTIFACTS.account}:a2V5"},
        )
        cluster.answer(LISTENS)  # Azure's library would wait for 15 s before it asks again
        for name in (ARTIFACTS.container, BACKUPS):
            cluster.answer(azurite.MAKE_CONTAINER, CONNECTION=CONNECTION, CONTAINER=name)
        cluster.database = cluster.postgresql().start()
        yield cluster


def backed_up(cluster, name="backup-1"):
    """Make a backup now. Return the exit code and what was said."""
    return cluster.job(name, CRON_JOB["spec"]).complete()


def restored(cluster, name, backup="", *, replace=False):
    return cluster.job(name, restore.job(yaml.dump(CRON_JOB), backup, replace=replace)).complete()


BLOBS = """
import json, os, sys
from azure.storage.blob import ContainerClient
container = ContainerClient.from_connection_string(os.environ["CONNECTION"], "backups")
for name, metadata in json.loads(sys.argv[1]).items():
    container.upload_blob(name, b"content", metadata=metadata)
print(json.dumps([blob.name for blob in container.list_blobs()]))
"""


def blobs(cluster, **new):
    """Upload blobs by name and metadata; return the names of all that are there then."""
    return json.loads(cluster.answer(BLOBS, json.dumps(new), CONNECTION=CONNECTION))


TABLES = """
import psycopg2, sys
for database in ("mlflow", "mlflow_auth"):
    with psycopg2.connect(host="127.0.0.1", user="mlflow", dbname=database) as connection:
        with connection.cursor() as cursor:
            cursor.execute(sys.argv[1] or "SELECT tablename FROM pg_tables "
                "WHERE schemaname = 'public' ORDER BY 1")
            print(*(name for name, in cursor.fetchall() if cursor.description))
"""


def ask(cluster, statement=""):
    """Ask both databases; without a statement for their tables."""
    password = SECRETS["database-password"]
    process = cluster.python(TABLES, statement, PGPASSWORD=password)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return said.splitlines()


def make_tables(cluster, name):
    ask(cluster, f"CREATE TABLE {name} (one int); SELECT 'made'")


LOG = """
import mlflow, os, requests
mlflow.set_tracking_uri("http://127.0.0.1:5000")
with mlflow.start_run() as run:
    mlflow.log_metric("score", 0.9)
mlflow.MlflowClient().create_registered_model("taxi")
url = "http://127.0.0.1:5000/api/2.0/mlflow/users/create"
key = os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]
user = {"username": "ann", "password": "ann's password"}
requests.post(url, json=user, auth=key).raise_for_status()
print(run.info.run_id)
"""

READ = """
import mlflow, sys
mlflow.set_tracking_uri("http://127.0.0.1:5000")
models = [model.name for model in mlflow.MlflowClient().search_registered_models()]
print(mlflow.get_run(sys.argv[1]).data.metrics["score"], *models)
"""


def test_a_lost_disk_is_restored_with_runs_models_and_users(cluster):
    mlflow = cluster.mlflow().start()
    run = cluster.answer(LOG, **ADMIN)
    code, said = backed_up(cluster)
    assert (code, said.count("mlflow-2"), SECRETS["database-password"] in said) == (0, 1, False)

    code, said = restored(cluster, "while-mlflow-runs", replace=True)
    assert code != 0
    assert "MLflow still uses the database mlflow" in said
    mlflow.stop()
    cluster.database.stop()
    shutil.rmtree(cluster.folder / "claims")
    cluster.postgresql("postgresql-0-again").start()
    assert ask(cluster) == ["", ""]

    code, said = restored(cluster, "on-empty-databases")
    assert (code, said.count("is what the backup holds")) == (0, 2), said
    cluster.mlflow("mlflow-2").start()
    ann = {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "ann's password"}
    for user in (ADMIN, ann):
        assert cluster.answer(READ, run, **user) == "0.9 taxi"


def test_what_is_not_empty_is_given_up_only_when_told_and_then_as_a_whole(cluster):
    make_tables(cluster, "old")
    assert backed_up(cluster)[0] == 0
    make_tables(cluster, "newer")

    code, said = restored(cluster, "refused")
    assert code != 0
    assert "the database mlflow_auth is not empty (2 tables): --replace gives up" in said
    assert ask(cluster) == ["newer old"] * 2

    code, said = restored(cluster, "told", replace=True)
    assert code == 0, said
    assert ask(cluster) == ["old"] * 2


def test_the_newest_stay_and_what_is_not_ours_is_neither_counted_nor_deleted(cluster):
    ours = [f"mlflow-2025010{day}T021700Z.tar" for day in range(1, 7)]
    foreign = {
        "mlflow-20250107T021700Z.tar": {},  # our name, and not by us
        "mlflow-latest.tar": {"sha256": "0"},
        "notes.txt": {},
        "a/mlflow-20250101T021700Z.tar": {"sha256": "0"},
    }
    blobs(cluster, **{name: {"sha256": "0"} for name in ours}, **foreign)

    code, said = backed_up(cluster)

    assert code == 0, said
    left = blobs(cluster)
    assert set(foreign) <= set(left)
    new = [name for name in left if name not in {*foreign, *ours}]
    assert sorted(set(left) - set(foreign)) == [*ours[-(KEEP - 1) :], *new]
    assert len(new) == 1
    assert said.count(": deleted") == len(ours) - (KEEP - 1)


HALF = """
import os, sys
from azure.storage.blob import BlobClient
where = "backups", "mlflow-20990101T021700Z.tar"
BlobClient.from_connection_string(os.environ["CONNECTION"], *where).stage_block("MQ==", b"half")
"""


def test_what_has_not_arrived_whole_is_no_backup(cluster):
    make_tables(cluster, "old")
    assert backed_up(cluster)[0] == 0
    cluster.answer(HALF, CONNECTION=CONNECTION)

    code, said = restored(cluster, "the-newest", replace=True)

    assert code == 0, said
    assert "mlflow-2099" not in said


def test_a_wrong_name_is_told_those_that_are_there(cluster):
    code, said = restored(cluster, "none")
    assert code != 0
    assert "container backups holds none" in said
    assert backed_up(cluster)[0] == 0
    (name,) = blobs(cluster)

    code, said = restored(cluster, "wrong", "mlflow-20200101T000000Z.tar")

    assert code != 0
    assert f"no backup mlflow-20200101T000000Z.tar: container backups holds {name}\n" in said


SPOIL = """
import hashlib, io, os, sys, tarfile
from azure.storage.blob import ContainerClient
container = ContainerClient.from_connection_string(os.environ["CONNECTION"], "backups")
(old,) = container.list_blobs()
content = container.download_blob(old.name).readall()
container.upload_blob("mlflow-20990101T000000Z.tar", content, metadata={"sha256": "0" * 64})
with tarfile.open(fileobj=io.BytesIO(content)) as tar:
    dumps = {member.name: tar.extractfile(member).read() for member in tar}
dumps["mlflow.dump"] = dumps["mlflow.dump"][:-40]
with tarfile.open(fileobj=(short := io.BytesIO()), mode="w") as tar:
    for name, dump in dumps.items():
        member = tarfile.TarInfo(name)
        member.size = len(dump)
        tar.addfile(member, io.BytesIO(dump))
digest = hashlib.sha256(short.getvalue()).hexdigest()
container.upload_blob("mlflow-20980101T000000Z.tar", short.getvalue(), metadata={"sha256": digest})
"""


def test_a_damaged_backup_changes_nothing(cluster):
    ask(cluster, "CREATE TABLE old AS SELECT generate_series(1, 1000) AS one; SELECT 'made'")
    assert backed_up(cluster)[0] == 0
    cluster.answer(SPOIL, CONNECTION=CONNECTION)
    make_tables(cluster, "newer")

    code, said = restored(cluster, "another", "mlflow-20990101T000000Z.tar", replace=True)
    assert code != 0
    assert "its checksum differs" in said
    assert ask(cluster) == ["newer old"] * 2

    code, said = restored(cluster, "short", "mlflow-20980101T000000Z.tar", replace=True)
    assert code != 0
    assert "the database mlflow is as it was: nothing was restored" in said
    assert ask(cluster)[0] == "newer old"


REMOVE = """
import os
from azure.storage.blob import ContainerClient
ContainerClient.from_connection_string(os.environ["CONNECTION"], "backups").delete_container()
"""


def test_a_failed_dump_or_upload_is_a_failed_job_that_says_why(cluster):
    cluster.answer(REMOVE, CONNECTION=CONNECTION)
    code, said = backed_up(cluster)
    assert code != 0
    assert "container backups: The specified container does not exist." in said
    assert "Traceback" not in said

    cluster.database.stop()
    code, said = backed_up(cluster, "backup-2")
    assert code != 0
    assert "Connection refused" in said
