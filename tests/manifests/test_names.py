"""MLflow 3 answers to the names that clients use and to no stranger's, in a browser and outside."""

import pytest

from generator.environment import edit
from tests.manifests import cases, serving
from tests.manifests.pods import Cluster
from tests.manifests.serving import SECRETS, as_admin

# One server of each delivery for all of these, so in one process of pytest.
pytestmark = pytest.mark.timeout(900)

PUBLIC = serving.PROD.environment.public_name
CNAME, IPV6, IPV4 = "tracking.example.com", "[2001:db8::5]", "198.51.100.7"
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

# Prints the status of a search for each line read: a method, a host, and an origin or -. MLflow's
# pages send it by POST.
ASK = """
import base64, http.client, json, sys
user, password = sys.argv[1:]
key = base64.b64encode(f"{user}:{password}".encode()).decode()
for line in sys.stdin:
    method, host, origin = line.split()
    connection = http.client.HTTPConnection("127.0.0.1", 5000)
    headers = {"Host": host, "Authorization": f"Basic {key}", "Content-Type": "application/json"}
    if origin != "-":
        headers["Origin"] = origin
    path = "/ajax-api/2.0/mlflow/experiments/search"
    if method == "POST":
        connection.request(method, path, json.dumps({"max_results": 1}), headers)
    else:
        connection.request(method, f"{path}?max_results=1", headers=headers)
    answer = connection.getresponse()
    allowed = answer.headers.get("Access-Control-Allow-Origin", "")
    print(answer.status, allowed, answer.read().decode().splitlines()[0][:20].strip())
"""
REBINDING = "403  Invalid Host header"
OTHERS = "403  Cross-origin request"


def built(delivery):
    """Prod, with MLflow 3 and further names, one of them as people may type it."""
    values = {
        ("image", "tag"): "3.16.0",
        ("exposure", "hosts"): [f"{CNAME.upper()}.:8443", IPV6, IPV4],
        ("delivery",): delivery,
    }
    changes = {("apps", "mlflow", *where): value for where, value in values.items()}
    return cases.build(edit.assign(cases.FILES["prod"].read_text(), changes), "prod")


@pytest.fixture(scope="module", params=["kustomize", "helm"])
def delivery(request):
    return request.param


@pytest.fixture(scope="module")
def ask(delivery, tmp_path_factory):
    """Ask a server of MLflow 3, in prod's pod, for each pair of a host and an origin."""
    folder = tmp_path_factory.mktemp("names")
    with Cluster(folder, built(delivery).objects, SECRETS).network() as cluster:
        cluster.postgresql().start()
        cluster.mlflow().start()

        def answers(*pairs, method="POST"):
            process = cluster.python(ASK, *as_admin().values())
            lines = (f"{method} {host} {origin}\n" for host, origin in pairs)
            said, _ = process.communicate("".join(lines), timeout=60)
            return said.splitlines()

        yield answers


def test_it_answers_to_every_name_and_number_of_its_own(ask):
    own = [(host, "-") for host in (*OWN, CNAME, IPV6, IPV4)]
    assert ask(*own) == ["200  {"] * len(own)


def test_it_answers_to_its_own_pages(ask, delivery):
    """The chart starts a server that knows of no other pages than those that it is told of."""
    told = [PUBLIC, f"{PUBLIC}:80", CNAME, IPV6, f"{IPV6}:8080", IPV4]
    own = [(host, f"http://{host}") for host in (told if delivery == "helm" else {*told, *OWN})]
    assert ask(*own) == ["200  {"] * len(own)


def test_case_a_final_full_stop_and_the_port_make_no_difference(ask):
    hosts = [
        *(CNAME.upper(), f"{CNAME}.", f"{CNAME}:80", f"{CNAME.title()}.:8443", f"{CNAME}:5000"),
        *(IPV6.upper(), f"{IPV6}:8443", f"{IPV4}:8443"),
        *(PUBLIC.title(), f"{PUBLIC}.", f"{PUBLIC.upper()}.:80"),
    ]
    assert ask(*((host, "-") for host in hosts)) == ["200  {"] * len(hosts)


def test_its_pages_work_behind_what_ends_tls_whatever_host_that_passes_on(ask):
    pages = [CNAME, f"{CNAME}:8443", f"{CNAME}.", f"{CNAME}.:8443", IPV6, f"{IPV6}:8443", IPV4]
    passed = [(host, f"https://{page}") for page in pages for host in (page, CNAME, "mlflow")]
    assert ask(*passed) == ["200  {"] * len(passed)


def test_a_strange_name_is_refused_also_to_pages_of_that_name(ask):
    names = [
        *STRANGE,
        f"{CNAME}.evil.example",
        f"{CNAME}..",
        CNAME.replace(".", "-"),
        "[2001:db8::6]",
    ]
    strange = [(host, origin) for host in names for origin in ("-", f"http://{host}")]
    assert ask(*strange) == [REBINDING] * len(strange)


FOREIGN = [
    "http://evil.example",
    "https://evil.example:8443",
    "http://203.0.113.9",
    f"https://{PUBLIC}",
    f"https://{CNAME}.evil.example",
    f"https://{CNAME.replace('.', 'x')}",
    f"https://{CNAME.replace('.', '-')}:8443",
    f"https://evil-{CNAME}",
    "https://2.evil.example",
    "https://[2001:db8::6]",
    "null",
]


def test_pages_of_others_change_nothing_and_may_not_read(ask):
    foreign = [(host, origin) for origin in FOREIGN for host in (PUBLIC, CNAME, IPV6)]
    assert ask(*foreign) == [OTHERS] * len(foreign)
    assert ask(*foreign, method="GET") == ["200  {"] * len(foreign), "and no leave to read"


def test_nobody_is_told_the_names(ask):
    assert ask((PUBLIC, "-"), (PUBLIC, f"https://{CNAME}"), method="GET") == ["200  {"] * 2


def test_the_older_mlflow_is_told_no_names():
    settings = cases.case("prod").one("ConfigMap", "mlflow-settings")["data"]
    assert not [key for key in settings if key.startswith(("MLFLOW_SERVER_", "UVICORN_"))]
