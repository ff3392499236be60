"""What MLflow answers about artifacts: a missing one is not the server's fault, any name is sent.

authenticate.py calls `mend` in every process that serves, before the first request that needs a
password is answered: of our files both series and both deliveries load that one.
"""

import io
import posixpath
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContainerClient
from flask import Response
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST
from mlflow.server import handlers
from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry
from mlflow.store.artifact.azure_blob_artifact_repo import AzureBlobArtifactRepository
from mlflow.utils.file_utils import create_tmp_dir


@cache
def mend() -> None:
    """Change the MLflow of this process. A second call changes nothing."""
    _artifact_repository_registry.register("wasbs", Blobs)
    if hasattr(handlers, "_content_disposition_attachment"):  # 3.x, which sends pieces itself
        handlers._content_disposition_attachment = disposition
    else:
        named = handlers._response_with_file_attachment_headers
        handlers._response_with_file_attachment_headers = _attached(named)
        handlers.open = _open


class Blobs(AzureBlobArtifactRepository):
    """MLflow's blob container: a client that errs is told so, and is not asked to try again.

    A container that is missing, as everything else that Azure refuses, stays an error of the
    server: read as an empty one, `mlflow gc` would forget runs whose blobs are still somewhere.
    """

    def download_artifacts(self, artifact_path: str, dst_path: str | None = None) -> str:
        """Download a file and return where it is. The server sends no folders.

        MLflow's own method brings a folder whole, before the answer is an error.
        Raises MlflowException as `_download_file` does.
        """
        file = self._create_download_destination(artifact_path, dst_path or create_tmp_dir())
        self._download_file(artifact_path, file)
        return str(file)

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        """Raise MlflowException for what is no file; azure.core's errors for all else."""
        try:
            super()._download_file(remote_file_path, local_path)
        except (ResourceNotFoundError, MlflowException) as error:  # 3.x makes one of the other
            if ResourceNotFoundError not in (type(error), type(error.__cause__)):
                raise
            raise self._no_file(remote_file_path) from error

    def _no_file(self, path: str) -> MlflowException:
        """Return why there is no file at a path. Asking fails where the container is missing."""
        container, name = self._place(path)
        below = container.list_blobs(name_starts_with=posixpath.join(name, ""), results_per_page=1)
        if next(below, None):
            return MlflowException(f"'{path}' is a folder", error_code=INVALID_PARAMETER_VALUE)
        return MlflowException(f"there is no '{path}'", error_code=RESOURCE_DOES_NOT_EXIST)

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Delete a file, or all that is in a folder; what is not there is deleted already.

        2.22's own method takes `model-2` for a part of `model`.
        """
        container, name = self._place(artifact_path)
        folder = posixpath.join(name, "")
        blobs = [blob.name for blob in container.list_blobs(name_starts_with=name)]
        for blob in blobs:
            if blob == name or blob.startswith(folder):
                with suppress(ResourceNotFoundError):  # another request was faster
                    container.delete_blob(blob)

    def _place(self, path: str | None) -> tuple[ContainerClient, str]:
        """Return the container, and the name that a blob at the path has."""
        container, _, root, _ = self.parse_wasbs_uri(self.artifact_uri)
        return self.client.get_container_client(container), posixpath.join(root, path or "")


def disposition(name: str) -> str:
    """Return the header Content-Disposition that gives a download its name, which is any text.

    A header is ASCII, so the name itself is in `filename*` (RFC 6266 and RFC 8187).
    """
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    exact = quote(name, safe="", errors="replace")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"


Attached = Callable[[str, Response], Response]


def _attached(named: Attached) -> Attached:
    """Return 2.22's function with another name in it: its own is text as it came."""

    def attached(file_path: str, response: Response) -> Response:
        response.headers["Content-Disposition"] = disposition(Path(file_path).name)
        return named(file_path, response)

    return attached


def _open(file: str, mode: str) -> IO[Any]:
    """Have 2.22 send files by pieces: it sends them by lines, and a model may be one long line.

    A worker would hold such a file in memory, whole and twice.
    """
    return _Pieces(file) if mode == "rb" else open(file, mode)  # noqa: PTH123 - as MLflow


class _Pieces(io.FileIO):
    """A file that is read by pieces where others are read by lines."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(1 << 20), b"")
