"""The dumps in /backup <-> one blob a backup in the container `backups`; the newest KEEP stay.

A backup counts or is not there at all: both dumps are in one blob, and Azure shows a blob only when
all of it has arrived. It is ours by its name and by the checksum that goes with it; nothing else in
the container is touched or counted.
"""

import hashlib
import os
import re
import shutil
import sys
import tarfile
from pathlib import Path
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient, ContainerClient

_CONTAINER = "backups"
_NAME = re.compile(r"mlflow-[0-9]{8}T[0-9]{6}Z\.tar")
_FOLDER = Path("/backup")
_DUMPS = ("mlflow_auth.dump", "mlflow.dump")
_ARCHIVE = _FOLDER / "backup.tar"
_SECRETS = Path("/run/secrets/mlflow")
_PART = 4 << 20  # bytes in memory at once


def main() -> None:
    """Do what the argument says; say in one line what went wrong."""
    do = {"upload": upload, "download": download}[sys.argv[1]]
    try:
        do(_service().get_container_client(_CONTAINER))
    except AzureError as error:
        sys.exit(f"container {_CONTAINER}: {str(error.message).splitlines()[0]}")


def _service() -> BlobServiceClient:
    """The artifacts' storage account, reached as MLflow reaches it."""
    sizes = {"max_single_put_size": _PART, "max_block_size": _PART, "max_single_get_size": _PART}
    if os.environ["ARTIFACTS_ACCESS"] == "account-key":
        connection = (_SECRETS / "storage-connection-string").read_text().strip()
        return BlobServiceClient.from_connection_string(connection, **sizes)
    from azure.identity import DefaultAzureCredential  # only images for workload identity have it

    host = urlsplit(os.environ["ARTIFACTS_DESTINATION"]).hostname
    return BlobServiceClient(f"https://{host}", DefaultAzureCredential(), **sizes)


def upload(container: ContainerClient) -> None:
    """Make a backup of the dumps. Only when it is there, the oldest may go."""
    name = f"mlflow-{(_FOLDER / 'time').read_text().strip()}.tar"
    _pack()
    with _ARCHIVE.open("rb") as archive:
        container.upload_blob(name, archive, metadata={"sha256": _checksum()})
    print(f"{name}: {_ARCHIVE.stat().st_size} bytes", flush=True)
    names = _backups(container)
    if name not in names:
        sys.exit(f"{name} was uploaded and is not there")
    for old in names[: -int(os.environ["KEEP"])]:
        container.delete_blob(old, delete_snapshots="include")
        print(f"{old}: deleted", flush=True)


def _pack() -> None:
    """Put both dumps into one archive. Each goes as soon as it is in, to save its room."""
    with tarfile.open(_ARCHIVE, "w") as tar:
        for name in _DUMPS:
            tar.add(_FOLDER / name, name)
            (_FOLDER / name).unlink()


def download(container: ContainerClient) -> None:
    """Bring the dumps of the backup BACKUP, or of the newest, whole or not at all."""
    names = _backups(container)
    name = os.environ.get("BACKUP") or (names[-1] if names else "")
    if name not in names:
        sys.exit(f"no backup {name}: container {_CONTAINER} holds {', '.join(names) or 'none'}")
    blob = container.download_blob(name)
    with _ARCHIVE.open("wb") as archive:
        blob.readinto(archive)
    if _checksum() != blob.properties.metadata["sha256"]:
        sys.exit(f"{name} is not what was uploaded: its checksum differs")
    with tarfile.open(_ARCHIVE) as tar:
        for dump in _DUMPS:
            with tar.extractfile(dump) as source, (_FOLDER / dump).open("wb") as target:
                shutil.copyfileobj(source, target)
    print(f"{name}: complete; {len(names)} backups are there", flush=True)


def _checksum() -> str:
    with _ARCHIVE.open("rb") as archive:
        return hashlib.file_digest(archive, "sha256").hexdigest()


def _backups(container: ContainerClient) -> list[str]:
    """The complete backups, the oldest first: their names say when they were made."""
    blobs = container.list_blobs(name_starts_with="mlflow-", include=["metadata"])
    return sorted(
        blob.name
        for blob in blobs
        if _NAME.fullmatch(blob.name) and "sha256" in (blob.metadata or {})
    )


if __name__ == "__main__":
    main()
