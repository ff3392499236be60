"""What is not there is no error of the server: it is read as 404, and is deleted already."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.manifests import images, serving, talks
from tests.manifests.pods import PATIENCE, Cluster
from tests.manifests.serving import PROD, SECRETS, as_admin
from tests.manifests.test_it_starts import VERSIONS

# One server of each version for all of these, so in one process of pytest.
pytestmark = pytest.mark.timeout(900)

CONTAINER = PROD.environment.apps.mlflow.artifacts.container
PROXIES = [f"/{kind}/2.0/mlflow-artifacts/artifacts" for kind in ("api", "ajax-api")]
PROXY = PROXIES[0]
REST = "/api/2.0/mlflow"


@dataclass
class Served:
    """A server of one version that runs, who asks it, and what its storage account holds."""

    cluster: Cluster
    tool: str
    ask: talks.Talk
    store: talks.Talk

    def status(self, method, path, body=None):
        return self.ask(method, path, body)[0]

    def post(self, path, **fields):
        """Return what MLflow's own API answers."""
        status, _, body = self.ask("POST", f"{REST}/{path}", fields)
        assert status == 200, body
        return json.loads(body)

    def run(self, *files):
        """Make a run with files in it; return its id and where its artifacts are."""
        info = self.post("runs/create", experiment_id="0")["run"]["info"]
        for file in files:
            assert self.status("PUT", f"{PROXY}/0/{info['run_id']}/artifacts/{file}", "text") == 200
        return info["run_id"], f"0/{info['run_id']}/artifacts"

    def blobs(self, folder=""):
        """Return the names of all blobs in a folder, without the folder's own."""
        names = self.store(CONTAINER)
        return [name.removeprefix(folder) for name in names if name.startswith(folder)]


def started(objects, folder, tag):
    """Start the objects' server; each question that is asked of it is its first of that kind."""
    with Cluster(folder, objects, SECRETS).network() as cluster:
        serving.storage(cluster, folder / "azurite")
        cluster.postgresql().start()
        cluster.mlflow().start()
        tool = "mlflow" if tag == VERSIONS[0] else "mlflow-3"
        yield Served(cluster, tool, talks.ask(cluster), talks.store(cluster))


@pytest.fixture(scope="module", params=VERSIONS)
def served(request, tmp_path_factory):
    objects = serving.prod(request.param).objects
    yield from started(objects, tmp_path_factory.mktemp("served"), request.param)


def test_deleting_nothing_is_done(served):
    """The first of all requests: MLflow's own way would be in a worker that never met ours."""
    _, place = served.run()
    for path in (f"{place}/no/folder", f"{place}/no-file.txt", f"{place}/", place):
        for proxy in PROXIES:
            assert served.ask("DELETE", f"{proxy}/{path}")[::2] == [200, "{}"]


def test_reading_nothing_is_404_wherever_it_is_asked_for(served):
    run, place = served.run()
    model = f"m-{run}"
    served.post("registered-models/create", name=model)
    source = f"mlflow-artifacts:/{place}"
    served.post("model-versions/create", name=model, source=source, run_id=run)
    paths = [f"{proxy}/{place}/{file}" for proxy in PROXIES for file in ("no.txt", "no/folder/")]
    paths += [f"/get-artifact?run_uuid={run}&path={file}" for file in ("no.txt", "no/folder")]
    paths += [f"/model-versions/get-artifact?name={model}&version=1&path=no.txt"]
    for path in paths:
        status, _, body = served.ask("GET", path)
        assert (status, json.loads(body)["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST"), path
        assert served.status("HEAD", path) == 404, path


def test_listing_nothing_is_an_empty_list(served):
    run, place = served.run()
    for path in [f"{proxy}?path={place}/no" for proxy in PROXIES]:
        assert served.ask("GET", path)[::2] == [200, "{}"]
    status, _, body = served.ask("GET", f"{REST}/artifacts/list?run_id={run}&path=no")
    assert (status, json.loads(body).get("files", [])) == (200, [])


def test_a_folder_is_no_file(served):
    """MLflow would bring it whole, and then fail: the client's fault, which no retry cures."""
    run, place = served.run("model/a", "model/b/c")
    for path in (f"{PROXY}/{place}/model", f"/get-artifact?run_uuid={run}&path=model"):
        status, _, body = served.ask("GET", path)
        assert (status, json.loads(body)["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert "is a folder" in body


def test_what_is_deleted_is_that_and_no_more(served):
    _, place = served.run("model/a", "model/b/c", "model-2/a", "model.txt", "mode")
    assert served.status("DELETE", f"{PROXY}/{place}/model") == 200
    assert served.blobs(place) == ["/mode", "/model-2/a", "/model.txt"]
    assert served.status("DELETE", f"{PROXY}/{place}/mode") == 200
    assert served.status("DELETE", f"{PROXY}/{place}/model") == 200
    assert served.blobs(place) == ["/model-2/a", "/model.txt"]


def test_of_those_that_delete_the_same_at_once_none_fails(served):
    _, place = served.run(*(f"model/{number}" for number in range(30)))
    askers = [talks.ask(served.cluster) for _ in range(4)]
    with ThreadPoolExecutor(len(askers)) as pool:
        said = list(pool.map(lambda ask: ask("DELETE", f"{PROXY}/{place}/model")[0], askers))
    assert said == [200] * len(askers)
    assert served.blobs(place) == []


def test_a_container_that_is_missing_is_an_error_and_not_an_empty_one(served):
    """Read as empty, gc would forget the runs, and the blobs come back with the container."""
    _, place = served.run("file.txt")
    asked = [("GET", f"{PROXY}/{place}/file.txt"), ("HEAD", f"{PROXY}/{place}/file.txt")]
    asked += [("DELETE", f"{PROXY}/{place}"), ("GET", f"{PROXY}?path={place}")]
    served.store(CONTAINER, "delete_container")
    try:
        assert [served.status(*request) for request in asked] == [500] * len(asked)
    finally:
        served.store(CONTAINER, "create_container")
    assert served.status("GET", f"{PROXY}/{place}/file.txt") == 404


def collected(served):
    """Run `mlflow gc` as an administrator does; return its exit code, and what it said."""
    program = images.python(served.tool).with_name("mlflow")
    login = {"PGHOST": "127.0.0.1", "PGUSER": "mlflow", "PGPASSWORD": SECRETS["database-password"]}
    process = served.cluster.start(
        [program, "gc", "--backend-store-uri", "postgresql+psycopg2:///mlflow"],
        env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000", **login, **as_admin()},
        cwd=served.cluster.folder,
        stdout=-1,
        stderr=-2,
    )
    said, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, said


def test_gc_forgets_deleted_runs_with_and_without_files(served):
    kept, place = served.run("file.txt", "model/a")
    deleted = [served.run(), served.run("file.txt", "model/a", "model/b/c"), served.run()]
    for run, _ in deleted:
        served.post("runs/delete", run_id=run)
    assert len(served.blobs(deleted[1][1])) == 3

    code, said = collected(served)

    assert code == 0, said
    for run, folder in deleted:
        assert f"Run with ID {run} has been permanently deleted." in said
        assert served.status("GET", f"{REST}/runs/get?run_id={run}") == 404
        assert served.blobs(folder) == []
    assert served.blobs(place) == ["/file.txt", "/model/a"]
    assert served.status("GET", f"{REST}/runs/get?run_id={kept}") == 200
