"""A storage account's name -> Azurite in its place, and the connection string that reaches it."""

import base64
import email.utils
import hashlib
import hmac
import http.client
import secrets
from functools import partial

from .http import listens
from .place import Place
from .processes import Processes
from .programs import Programs

PORT = 10000


def start(
    place: Place, programs: Programs, surroundings: Processes, account: str, *containers: str
) -> str:
    """Start Azurite, with its containers, where pods reach it; return Azure's connection string."""
    key = base64.b64encode(secrets.token_bytes(64)).decode()
    address = place.host_address if place.node else place.address
    folder = place.folder / "blobs"
    surroundings.start(
        "azurite",
        [
            programs.find("azurite").with_name("azurite-blob"),
            *("--location", folder, "--blobHost", address, "--blobPort", str(PORT)),
            *("--skipApiVersionCheck", "--disableTelemetry", "--silent"),
        ],
        answers=partial(listens, address, PORT),
        AZURITE_ACCOUNTS=f"{account}:{key}",
    )
    surroundings.wait_until_ready("azurite")
    for container in containers:
        _create(address, account, container, key)
    endpoint = f"http://{address}:{PORT}/{account}"
    return (
        f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};"
        f"BlobEndpoint={endpoint};"
    )


def _create(address: str, account: str, container: str, key: str) -> None:
    """Create a container, with a request signed as Azure Storage's shared keys ask for."""
    path = f"/{account}/{container}"
    headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2024-11-04"}
    signed = [f"{name}:{value}" for name, value in headers.items()]
    text = "\n".join(["PUT", *[""] * 11, *signed, f"/{account}{path}", "restype:container"])
    digest = hmac.digest(base64.b64decode(key), text.encode(), hashlib.sha256)
    headers["Authorization"] = f"SharedKey {account}:{base64.b64encode(digest).decode()}"
    connection = http.client.HTTPConnection(address, PORT, timeout=10)
    try:
        connection.request("PUT", f"{path}?restype=container", headers=headers)
        response = connection.getresponse()
        if response.status != http.client.CREATED:
            raise RuntimeError(f"container {container}: {response.status} {response.read()!r}")
    finally:
        connection.close()
