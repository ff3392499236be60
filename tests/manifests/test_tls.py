"""https: with the environment's own name and the certificate that was given, and nothing else."""

import pytest

from generator.environment import edit
from tests.certificates import Authority
from tests.manifests import cases, serving
from tests.manifests.pods import PATIENCE, Cluster
from tests.manifests.serving import SECRETS, as_admin
from tests.trees import ROOT

HOST, FURTHER, OTHER = "mlflow.example.com", "tracking.example.com", "other.example.com"
AUTHORITY = Authority()
PAIR = AUTHORITY.issue(HOST, FURTHER)
TLS = {"tls-certificate": PAIR.certificate, "tls-key": PAIR.key}
TRACK = (ROOT / "examples/track.py").read_text()

pytestmark = pytest.mark.timeout(900)


def built(tag):
    text = cases.FILES["prod"].read_text()
    values = {
        ("image", "tag"): tag,
        ("exposure", "tls", "host"): HOST,
        ("exposure", "hosts"): [FURTHER.title()],
    }
    changes = {("apps", "mlflow", *where): value for where, value in values.items()}
    return cases.build(edit.assign(text, changes), "prod")


@pytest.fixture(params=["2.22.0", "3.16.0"])
def cluster(request, tmp_path):
    with Cluster(tmp_path, built(request.param).objects, {**SECRETS, **TLS}).network() as cluster:
        serving.storage(cluster, tmp_path / "azurite")
        cluster.postgresql().start()
        (tmp_path / "authority.pem").write_text(AUTHORITY.pem)
        yield cluster


# What a name server would say of these names, and of those with a full stop.
NAMED = f"""
import socket
ask = socket.getaddrinfo
names = "{HOST}", "{FURTHER}", "{OTHER}"
socket.getaddrinfo = lambda host, *more, **words: ask(
    "127.0.0.1" if host.lower().rstrip(".") in names else host, *more, **words)
"""

ASK = f"""{NAMED}
import base64, os, ssl, sys, urllib.request
if os.environ.get("TRUSTS"):  # and takes any name for the right one
    ssl._create_default_https_context = ssl._create_unverified_context
login = os.environ["MLFLOW_TRACKING_USERNAME"] + ":" + os.environ["MLFLOW_TRACKING_PASSWORD"]
asked = urllib.request.Request(sys.argv[1])
asked.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
try:
    print(urllib.request.urlopen(asked, timeout={PATIENCE}).status)
except OSError as error:
    print(getattr(error, "reason", error), getattr(error, "code", ""))
"""


NO_HTTP = (
    "[Errno 104] Connection reset by peer",
    "Remote end closed connection without response",
)
# By gunicorn before a word is said; by MLflow 3 from what a request asks for.
REFUSED = ("[SSL: TLSV1_UNRECOGNIZED_NAME] tlsv1 unrecognized name (_ssl.c:1006)", "Forbidden 403")


def ask(cluster, url, **variables):
    """What the administrator's client says, which trusts the authority."""
    file = str(cluster.folder / "authority.pem")
    return cluster.answer(ASK, url, SSL_CERT_FILE=file, **as_admin(), **variables)


def test_the_client_s_example_works_and_a_wrong_host_or_plain_http_is_refused(cluster):
    mlflow = cluster.mlflow().start()
    client = {
        **as_admin(),
        "MLFLOW_TRACKING_URI": f"https://{HOST}:5000",
        "MLFLOW_TRACKING_SERVER_CERT_PATH": str(cluster.folder / "authority.pem"),
    }
    said = cluster.python(NAMED + TRACK, **client)
    output, _ = said.communicate(timeout=PATIENCE)
    assert said.returncode == 0, output

    assert ask(cluster, f"https://{HOST}:5000/health") == "200"
    assert ask(cluster, f"http://{HOST}:5000/health") in NO_HTTP
    search = "5000/api/2.0/mlflow/experiments/search?max_results=1"
    assert ask(cluster, f"https://{FURTHER}:{search}") == "200"
    for spelled in (FURTHER.upper(), f"{FURTHER}.", f"{HOST.title()}."):
        assert ask(cluster, f"https://{spelled}:{search}", TRUSTS="all") == "200"
    other = f"https://{OTHER}:{search}"
    said = ask(cluster, other)
    assert "Hostname mismatch" in said or said == REFUSED[0]
    assert ask(cluster, other, TRUSTS="all") in REFUSED
    assert mlflow.get("/version") == 401
    environ = mlflow.environ()
    assert PAIR.key.splitlines()[1] not in environ + mlflow.said()
