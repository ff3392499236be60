"""`gen client --check`: each word, proven against a socket that does just that."""

import base64
import datetime
import socket
import ssl
import threading
from contextlib import contextmanager

import pytest

from generator.client import check
from tests.certificates import Authority
from tests.client.answering import serving

PASSWORD = 'a password with: colons, é and \\ " $'
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """This machine's proxies are not what is tested."""
    monkeypatch.setenv("no_proxy", "*")


def verdict(url: str, **variables: str) -> str:
    return str(check.check(url, "alice", PASSWORD, patience=2, environ=variables))


def test_healthy():
    with serving({"/health": (200, b"OK"), SEARCH: (200, b"{}")}) as (url, asked):
        assert check.check(url, "alice", PASSWORD, environ={}) is None
    credentials = base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
    assert asked == [("/health", None), (SEARCH, f"Basic {credentials}")]


@pytest.mark.parametrize(
    "url",
    [
        "10.0.0.5",
        "mlflow.example.com:5000",
        "http://[::1",
        "http://..",
        f"http://{'a' * 64}.example.com",
        "http://mlflow:port",
        "http://mlflow:0",
        "http://mlflow:65536",
        "http://ml flow",
        "http://mlflow\n",
        "http://mlflow\udce9",
        "http://caf\xe9",
        "http:/mlflow",
        "http://:5000",
        "file:///etc/passwd",
        "",
    ],
    ids=ascii,
)
def test_what_is_no_address(url):
    cure = "write http:// or https://, a host, and :PORT where it has another"
    assert verdict(url) == f"address: {url!r} is none; {cure}"


def test_the_address_of_a_service_that_has_none_yet():
    """What the printed settings are when kubectl finds nothing."""
    cure = "has its Service an address yet? kubectl --namespace mlflow get service mlflow"
    assert verdict("http://") == f"address: 'http://' names no server; {cure}"


def test_a_password_in_the_address_is_not_said_again():
    said = verdict("http://alice:hunter2@mlflow.example.com")
    assert said.startswith("address: it holds a user or a password; they belong in MLFLOW_")
    assert "hunter2" not in said


def test_dns():
    assert verdict("http://mlflow.invalid").startswith("DNS: mlflow.invalid has no address;")


def test_refused():
    with socket.socket() as sock:  # bound, so that nobody else is; not listening
        sock.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{sock.getsockname()[1]}"
        assert verdict(f"http://{host}") == f"refused: nothing listens at {host}"


def test_timeout_where_nothing_is_answered():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        host = f"127.0.0.1:{sock.getsockname()[1]}"
        assert verdict(f"http://{host}") == f"timeout: {host} gives no answer in 2 s"


def test_timeout_where_nothing_is_even_accepted():
    """A firewall that drops looks like a full queue."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as sock:
        address = sock.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(address)
        host = f"127.0.0.1:{address[1]}"
        said = verdict(f"http://{host}")
        for client in waiting:
            client.close()
    assert said == f"timeout: {host} gives no answer in 2 s"


@pytest.mark.parametrize(
    ("health", "search", "said"),
    [
        ((200, b"OK"), (401, b"You are not authenticated."), "401: the user or the password is"),
        (
            (200, b"OK"),
            (403, b"Invalid Host header - possible DNS rebinding attack"),
            "403: invalid host: the server does not know itself by this address",
        ),
        ((200, b"OK"), (403, b"Permission denied"), "403: the server, or a proxy before it"),
        ((200, b"OK"), (503, b"connection failed"), "503: the server is up but cannot work"),
        ((200, b"OK"), (200, b"<html>a login page</html>"), "wrong server: "),
        ((200, b"OK"), (200, b"[]"), "wrong server: "),
        ((200, b"OK"), (404, b""), "wrong server: "),
        ((200, b"OK"), (302, b""), "wrong server: "),
        ((200, b"<html>hello</html>"), None, "wrong server: "),
        ((404, b""), None, "wrong server: "),
        ((302, b""), None, "wrong server: "),
        ((502, b"bad gateway"), None, "502: "),
    ],
    ids=lambda value: None if isinstance(value, str) else str(value and value[0]),
)
def test_what_an_answer_says(health, search, said):
    answers = {"/health": health, "/elsewhere": (200, b"OK")} | ({SEARCH: search} if search else {})
    with serving(answers) as (url, asked):
        found = verdict(url)
    assert found.startswith(said)
    assert PASSWORD not in found
    sent = [path for path, authorization in asked if authorization]
    assert sent == ([SEARCH] if search else []), "the password goes nowhere else"


def test_a_server_that_does_not_speak_http():
    with socket.create_server(("127.0.0.1", 0)) as sock:

        def greet():
            client, _ = sock.accept()
            with client:
                client.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        host = f"127.0.0.1:{sock.getsockname()[1]}"
        said = verdict(f"http://{host}")
        thread.join()
    assert said.startswith(f"wrong server: {host} is no MLflow: it does not speak HTTP;")


AUTHORITY = Authority()


@pytest.fixture
def authority(tmp_path):
    file = tmp_path / "authority.pem"
    file.write_text(AUTHORITY.pem)
    return str(file)


@contextmanager
def serving_tls(folder, days=90):
    """MLflow behind a certificate for localhost."""
    pair = AUTHORITY.issue("localhost", hours=24 * days)
    file = folder / "server.pem"
    file.write_text(pair.key + pair.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with serving({"/health": (200, b"OK"), SEARCH: (200, b"{}")}, context) as (url, _):
        yield url


@pytest.fixture
def tls(tmp_path):
    with serving_tls(tmp_path) as url:
        yield url


def test_tls_of_an_unknown_authority(tls):
    assert verdict(tls).startswith("TLS: localhost:")


def test_tls_of_an_authority_that_is_named(tls, authority):
    assert verdict(tls, MLFLOW_TRACKING_SERVER_CERT_PATH=authority) == "None"


def test_a_certificate_that_has_to_be_renewed_soon(tmp_path, authority):
    with serving_tls(tmp_path, days=6) as url:
        said = verdict(url, MLFLOW_TRACKING_SERVER_CERT_PATH=authority)
    day = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=6, hours=-1)
    date = f"{day:%Y-%m-%d}"
    assert said == f"certificate: serves, and expires on {date}, in 6 days; renew it: docs/tls.md"


def test_tls_for_another_name(tls, authority):
    url = tls.replace("localhost", "127.0.0.1")
    said = verdict(url, MLFLOW_TRACKING_SERVER_CERT_PATH=authority)
    assert said.startswith("TLS: 127.0.0.1:")


def test_tls_whose_authority_is_missing(tls, tmp_path):
    file = str(tmp_path / "none.pem")
    said = verdict(tls, MLFLOW_TRACKING_SERVER_CERT_PATH=file)
    assert said == f"TLS: MLFLOW_TRACKING_SERVER_CERT_PATH, {file}: No such file or directory"


def test_https_asked_of_http_and_http_of_https(tls):
    assert verdict(tls.replace("https", "http")).startswith("wrong server: localhost:")
    with serving({"/health": (200, b"OK")}) as (url, _):
        assert verdict(url.replace("http", "https")).startswith("TLS: localhost:")
