"""artifacts.py without a server: by the account's key, by an identity; any text in a header."""

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator import programs
from tests.certificates import Authority
from tests.manifests import serving, talks
from tests.manifests.pods import Cluster
from tests.manifests.serving import SECRETS
from tests.manifests.test_artifacts import TOOLS
from tests.trees import ROOT

pytestmark = pytest.mark.timeout(900)

ACCOUNT, KEY = "account", "a2V5"
SCRIPTS = {"PYTHONPATH": str(ROOT / "apps/mlflow/base/server"), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module", params=TOOLS.values())
def tool(request):
    return request.param


@pytest.fixture(scope="module")
def cluster(tool, tmp_path_factory):
    objects = serving.PROD.objects
    with Cluster(tmp_path_factory.mktemp("access"), objects, SECRETS).network() as cluster:
        yield cluster


# Asks the storage account without a server between, by its key and by a token of Entra's kind.
ACCESS = """
import base64, os, time
import artifacts
from azure.core.credentials import AccessToken
from azure.storage.blob import BlobServiceClient
def token():
    now = int(time.time())
    claims = {"iss": "https://sts.windows.net/ours/", "aud": "https://storage.azure.com"}
    claims |= {"nbf": now - 60, "iat": now - 60, "exp": now + 3600}
    parts = {"alg": "RS256", "typ": "JWT"}, claims, "signature"
    coded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts)
    return AccessToken(".".join(part.rstrip("=") for part in coded), now + 3600)
class Identity:
    def get_token(self, *scopes, **more):
        return token()
account, url = os.environ["ACCOUNT"], os.environ["URL"]
named = {"account_name": account, "account_key": os.environ["KEY"]}
wrong = named | {"account_key": "b3RoZXI="}
credentials = {"account-key": named, "workload-identity": Identity(), "refused": wrong}
def answer(access, method, container, path):
    client = BlobServiceClient(url, credentials[access], connection_verify=os.environ["CA"])
    place = f"wasbs://{container}@{account}.blob.core.windows.net/root"
    repository = artifacts.Blobs(place, client=client)
    if method == "make":
        client.create_container(container)
        return "ok", None
    try:
        said = getattr(repository, method)(path)
    except Exception as error:
        return getattr(error, "error_code", ""), type(error).__name__
    return "ok", said if method == "list_artifacts" else None
"""


@pytest.fixture(scope="module")
def account(cluster, tool):
    """Ask a storage account that takes identities, so by https, with an empty container `there`."""
    authority, folder = Authority(), cluster.folder
    pair = authority.issue("localhost")
    for name, text in (("ca", authority.pem), ("cert", pair.certificate), ("key", pair.key)):
        (folder / f"{name}.pem").write_text(text)
    program = programs.find(ROOT, "azurite", "azurite-blob", say=print)
    options = ["--skipApiVersionCheck", "--silent", "--disableTelemetry", "--oauth", "basic"]
    options += [f"--cert={folder}/cert.pem", f"--key={folder}/key.pem"]
    cluster.start(
        [program, "--location", folder / "azurite", *options],
        env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"},
    )
    url = f"https://localhost:10000/{ACCOUNT}"
    variables = {"ACCOUNT": ACCOUNT, "KEY": KEY, "URL": url, "CA": str(folder / "ca.pem")}
    asked = talks.talk(cluster, ACCESS, tool=tool, **variables, **SCRIPTS)
    assert asked("account-key", "make", "there", None)[0] == "ok"
    return asked


NOT_THERE = ["RESOURCE_DOES_NOT_EXIST", "MlflowException"]
NO_CONTAINER = ["ContainerNotFound", "ResourceNotFoundError"]


@pytest.mark.parametrize("access", ["account-key", "workload-identity"])
def test_what_the_account_says_is_read_alike_with_both_kinds_of_access(account, access):
    for path in ("file.txt", "folder/file.txt", "folder/"):
        assert account(access, "download_artifacts", "there", path) == NOT_THERE
        assert account(access, "delete_artifacts", "there", path) == ["ok", None]
        assert account(access, "list_artifacts", "there", path) == ["ok", []]
        for method in ("download_artifacts", "delete_artifacts", "list_artifacts"):
            assert account(access, method, "missing", path) == NO_CONTAINER


def test_what_the_account_refuses_stays_an_error(account):
    for method in ("download_artifacts", "delete_artifacts", "list_artifacts"):
        assert account("refused", method, "there", "file.txt")[1] == "ClientAuthenticationError"


HEADER = """
import artifacts
from werkzeug.datastructures import Headers
from werkzeug.http import parse_options_header
def answer(name):
    said = artifacts.disposition(name)
    return Headers({"Content-Disposition": said}).to_wsgi_list()[0][1], parse_options_header(said)
"""


@pytest.fixture(scope="module")
def header(cluster, tool):
    return talks.talk(cluster, HEADER, tool=tool, **SCRIPTS)


@example("a\r\nSet-Cookie: b=c")
@example("\\\"; filename*=UTF-8''evil.sh; x=\"")
@given(st.text(st.characters(exclude_categories=[]), min_size=1))
def test_a_header_is_plain_and_holds_the_name_whatever_text_it_is(header, name):
    """A lone surrogate is no character: it becomes a question mark."""
    said, (kind, given) = header(name)
    assert said.isascii()
    assert said.isprintable()
    assert kind == "attachment"
    assert given == {"filename": name.encode(errors="replace").decode()}
