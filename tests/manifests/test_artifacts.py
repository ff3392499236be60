"""What is not there is no error of the server, and what is there has any name."""

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, unquote, urlparse, urlunparse

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.manifests import images, serving, talks
from tests.manifests import served as servers
from tests.manifests.pods import PATIENCE
from tests.manifests.served import CONTAINER, PROXIES, PROXY, REST
from tests.manifests.serving import SECRETS, as_admin

# One server of each version for all of these, so in one process of pytest.
pytestmark = pytest.mark.timeout(900)

TOOLS = {"2.22.0": "mlflow", "3.16.0": "mlflow-3"}


@pytest.fixture(scope="module", params=TOOLS)
def served(request, tmp_path_factory):
    folder, objects = tmp_path_factory.mktemp("served"), serving.prod(request.param).objects
    yield from servers.started(objects, folder, TOOLS[request.param])


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


# Sends a file of zeros, which is one line, and counts what comes back.
LONG = """
import base64, http.client, os, sys
path, size = sys.argv[1], int(sys.argv[2])
login = os.environ["MLFLOW_TRACKING_USERNAME"] + ":" + os.environ["MLFLOW_TRACKING_PASSWORD"]
headers = {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}
connection = http.client.HTTPConnection("127.0.0.1", 5000)
parts = (bytes(1 << 20) for _ in range(size >> 20))
connection.request("PUT", path, parts, headers | {"Content-Length": str(size)})
assert connection.getresponse().read() in (b"{}", b"")
connection.request("GET", path, headers=headers)
got = connection.getresponse()
print(sum(map(len, iter(lambda: got.read(1 << 20), b""))))
"""


def test_a_file_of_one_long_line_is_sent_by_pieces(served):
    """2.22 would hold it in memory, whole and twice; the pod has 2Gi."""
    _, place = served.run()
    size, before = 192 << 20, served.memory()
    assert served.cluster.answer(LONG, f"{PROXY}/{place}/long", str(size), **as_admin()) == str(
        size
    )
    assert served.memory() < before + size


NAMES = [
    "結果のグラフ.png",
    "отчёт за май.txt",
    "zażółć gęślą jaźń.csv",
    "🎉👩‍🔬 done.md",
    "naïve résumé.txt",  # within latin-1: sent as it is, browsers take it for something else
    'it\'s "quoted".txt',
    "100% sure.txt",
    "a; filename=evil.sh;.txt",
    "spaces  and, commas ",
    "no-extension",
    ".hidden",
    "e\u0301 is two characters",
    "ن.txt",
    "line\u2028separator",
]

# What the storage account, Linux and MLflow keep as it is. Not \, which Azure takes for /, nor #,
# which MLflow refuses, nor control characters, which it writes as %0a, nor what XML has not.
_LETTERS = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="/\\#\ufffe\uffff")
_TYPICAL = st.sampled_from("aZ09._- éßñ日本語のЖщёąłżع🎉😀\"'%;,=&+()[]{}*~`!@$^|<>:?")
FILES = st.text(_TYPICAL | _LETTERS, min_size=1, max_size=40)


def is_file_name(name):
    """Linux has 255 bytes for one, and Azure drops a final full stop."""
    return len(name.encode()) < 200 and not name.endswith(".") and is_kept(f"0/{name}")


def is_kept(path):
    """MLflow reads a path as an address: %41 is A, and a final ? or ; separates nothing."""
    return urlunparse(urlparse(unquote(path))) == path


def by_header(header):
    """Return the name that a browser takes from a Content-Disposition (RFC 6266)."""
    assert header.isascii()
    assert header.isprintable()
    kind, plain, exact = (part.strip() for part in header.split(";"))
    assert kind == "attachment"
    assert plain.removeprefix("filename=").strip('"').isprintable()
    return unquote(exact.removeprefix("filename*=UTF-8''"), errors="strict")


@pytest.fixture(scope="module")
def run(served):
    return served.run()


@pytest.fixture(scope="module")
def track(served):
    return talks.track(served.cluster, served.tool)


def with_the_names(test):
    for name in NAMES:
        test = example(name)(test)
    return test


@with_the_names
@settings(max_examples=25)
@given(FILES)
def test_what_the_proxy_took_the_proxy_and_the_page_send_by_its_name(served, run, name):
    assume(is_file_name(name))
    identity, place = run
    path, text = quote(f"{place}/proxy/{name}"), f"text of {name}"
    pages = [f"/get-artifact?run_uuid={identity}&path={quote(f'proxy/{name}', safe='')}"]

    assert served.status("PUT", f"{PROXIES[0]}/{path}", text) == 200

    for page in [f"{proxy}/{path}" for proxy in PROXIES] + pages:
        status, headers, body = served.ask("GET", page)
        assert (status, by_header(headers["content-disposition"]), body) == (200, name, text)
        status, headers, _ = served.ask("HEAD", page)
        assert (status, by_header(headers["content-disposition"])) == (200, name)
    listed = served.ask("GET", f"{PROXIES[0]}?path={quote(f'{place}/proxy')}")[2]
    assert name in [file["path"] for file in json.loads(listed)["files"]]


@with_the_names
@settings(max_examples=10)
@given(FILES)
def test_what_a_client_logged_it_lists_and_downloads(run, track, name):
    # MLflow's client cuts a name off at ?, and reads as an address what it lists.
    assume(is_file_name(name) and is_kept(name) and "?" not in name)
    listed, got, text = track(run[0], name, f"text of {name}")
    assert name in listed
    assert (got, text) == (name, f"text of {name}")
