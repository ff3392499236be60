"""MLflow 3 answers to the names that clients use and to no stranger's, in a browser and outside."""

import pytest

from tests.manifests import cases, serving
from tests.manifests.pods import Cluster
from tests.manifests.serving import SECRETS, as_admin

# One server for all of these, so in one process of pytest.
pytestmark = pytest.mark.timeout(900)

PUBLIC = serving.PROD.environment.public_name
OWN = [
    PUBLIC,
    f"{PUBLIC}:80",
    "mlflow",
    "mlflow.mlflow",
    "mlflow.mlflow.svc",
    "mlflow.mlflow.svc.cluster.local",
    "mlflow.mlflow.svc.cluster.local:80",
    "localhost",
    "localhost:8080",
    "127.0.0.1:5000",
    "10.224.0.7",
    "203.0.113.45",
    "203.0.113.255:80",
]
STRANGE = [
    "evil.example",
    f"{PUBLIC}.evil.example",
    f"evil-{PUBLIC}",
    "10.evil.example",
    "1.2.3.4.evil.example",
    "1.2.3.4.evil.example:80",
    "evil5",
]

# Prints the status of a search that is sent by POST, as MLflow's pages do, for each line read:
# a host, and an origin or -.
ASK = """
import base64, http.client, json, sys
user, password = sys.argv[1:]
key = base64.b64encode(f"{user}:{password}".encode()).decode()
for line in sys.stdin:
    host, origin = line.split()
    connection = http.client.HTTPConnection("127.0.0.1", 5000)
    headers = {"Host": host, "Authorization": f"Basic {key}", "Content-Type": "application/json"}
    if origin != "-":
        headers["Origin"] = origin
    path = "/ajax-api/2.0/mlflow/experiments/search"
    connection.request("POST", path, json.dumps({"max_results": 1}), headers)
    answer = connection.getresponse()
    allowed = answer.headers.get("Access-Control-Allow-Origin", "")
    print(answer.status, allowed, answer.read().decode().splitlines()[0][:20].strip())
"""
REBINDING = "403  Invalid Host header"
OTHERS = "403  Cross-origin request"


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Ask a server of MLflow 3, in prod's pod, for each pair of a host and an origin."""
    folder = tmp_path_factory.mktemp("names")
    with Cluster(folder, serving.prod("3.16.0").objects, SECRETS).network() as cluster:
        cluster.postgresql().start()
        cluster.mlflow().start()

        def answers(*pairs):
            process = cluster.python(ASK, *as_admin().values())
            said, _ = process.communicate("".join(f"{a} {b}\n" for a, b in pairs), timeout=60)
            return said.splitlines()

        yield answers


def test_it_answers_to_every_name_and_number_of_its_own_and_to_its_own_pages(ask):
    own = [(host, origin) for host in OWN for origin in ("-", f"http://{host}")]
    assert ask(*own) == ["200  {"] * len(own)


def test_a_strange_name_is_refused_also_to_pages_of_that_name(ask):
    strange = [(host, origin) for host in STRANGE for origin in ("-", f"http://{host}")]
    assert ask(*strange) == [REBINDING] * len(strange)


def test_pages_of_others_change_nothing_and_may_not_read(ask):
    origins = ["http://evil.example", "http://203.0.113.9", f"https://{PUBLIC}", "null"]
    assert ask(*((PUBLIC, origin) for origin in origins)) == [OTHERS] * len(origins)


def test_the_older_mlflow_is_told_no_names():
    settings = cases.case("prod").one("ConfigMap", "mlflow-settings")["data"]
    assert not [key for key in settings if key.startswith(("MLFLOW_SERVER_", "UVICORN_"))]
