"""A storage account's name -> Azurite with that account and a blob container in it."""

import os
from pathlib import Path

from generator import programs
from generator.local import ports
from generator.local.processes import Processes

MAKE_CONTAINER = """\
from os import environ
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient
service = BlobServiceClient.from_connection_string(environ["CONNECTION"])
try:
    service.create_container(environ["CONTAINER"])
except ResourceExistsError:
    pass
"""


def connection_string(account: str, key: str, port: int) -> str:
    """Return what a client needs; the endpoint in it wins over the account's name in Azure."""
    endpoint = f"http://{ports.HOST}:{port}/{account}"
    account_fields = f"AccountName={account};AccountKey={key}"
    return f"DefaultEndpointsProtocol=http;{account_fields};BlobEndpoint={endpoint};"


def start(
    processes: Processes,
    root: Path,
    data: Path,
    account: str,
    key: str,
    port: int,
    say: programs.Say,
) -> None:
    """Start Azurite's blob service with its data in the folder `data`; return when it listens."""
    program = programs.find(root, "azurite", "azurite-blob", say=say)
    address = ["--blobHost", ports.HOST, "--blobPort", str(port)]
    options = ["--skipApiVersionCheck", "--silent", "--disableTelemetry"]
    variables = {"AZURITE_ACCOUNTS": f"{account}:{key}", "PATH": os.environ.get("PATH", os.defpath)}
    processes.start("azurite", [program, *address, "--location", data, *options], variables)
    processes.until(lambda: ports.answers(port))


def make_container(processes: Processes, python: Path, connection: str, container: str) -> None:
    """Make the blob container, where it is missing; `python` has Azure's library."""
    variables = {"CONNECTION": connection, "CONTAINER": container}
    processes.run("azurite-container", [python, "-c", MAKE_CONTAINER], variables)
