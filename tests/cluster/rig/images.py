"""What an image consists of -> an archive that containerd imports, made without a builder.

An image's root is files alone, or a Debian suite with packages, files and a script that was run
in it. It is one layer. Archives are kept in the user's cache, named after all they are made of.
"""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator import programs

from .errors import CannotRun

_CREATED = "2026-01-01T00:00:00Z"  # so that the same layer is the same image


@dataclass(frozen=True)
class Image:
    """An image under the `name:tag` that manifests use. `config` is in the words of OCI."""

    name: str
    config: Mapping[str, Any]
    files: Mapping[str, Path] = field(default_factory=dict)
    """Absolute path in the image -> the file that is put there; its mode is kept."""
    suite: str | None = None
    packages: tuple[str, ...] = ()
    script: str = ""
    """Shell commands that are run in the root at last, with this machine's network settings."""


def archive(image: Image, say: Callable[[str], None]) -> Path:
    """Return the archive of an image, made if missing."""
    name = image.name.replace("/", "-").replace(":", "-")
    folder = programs.cache() / "images" / f"{name}-{_digest(image)}"

    def make() -> None:
        say(f"making image {image.name}, once, in {folder}")
        layer = folder / "layer.tar"
        _debian(image, layer) if image.suite else _plain(image, layer)
        _write(image, layer, folder / "image.tar")
        layer.unlink()

    programs.once(folder, make)
    return folder / "image.tar"


def _plain(image: Image, layer: Path) -> None:
    with tarfile.open(layer, "w") as tar:
        for path, source in sorted(image.files.items()):
            tar.add(source.resolve(), path.lstrip("/"), filter=_root_owned)


def _root_owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = "root"
    return member


def _debian(image: Image, layer: Path) -> None:
    uploads = [f"upload {source} {path}" for path, source in sorted(image.files.items())]
    modes = [f'chmod {_mode(source)} "$1{path}"' for path, source in sorted(image.files.items())]
    script = layer.with_name("script")
    script.write_text(f"set -eu\n{image.script}")
    hooks = [
        *(f'mkdir -p "$1{Path(path).parent}"' for path in sorted(image.files)),
        *uploads,
        *modes,
        # Certificates of this machine, in case a proxy of its own stands before the registries.
        'mkdir -p "$1/etc/ssl/certs" && mount --bind /etc/ssl/certs "$1/etc/ssl/certs"',
        f'chroot "$1" sh -s < {script}',
        'umount "$1/etc/ssl/certs"',
    ]
    command = [
        # Mounts of its own: what an interrupted run leaves mounted ends with it.
        *("unshare", "--mount", "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase"),
        f"--include={','.join(image.packages)}",
        *("--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*"),
        *(f"--customize-hook={hook}" for hook in hooks),
        *(str(image.suite), str(layer)),
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    script.unlink()
    if done.returncode:
        last = "; ".join((done.stdout + done.stderr).strip().splitlines()[-3:])
        raise CannotRun(f"image {image.name} could not be made: {last}")


def _mode(file: Path) -> str:
    return "755" if os.access(file, os.X_OK) else "644"


def _write(image: Image, layer: Path, archive: Path) -> None:
    """Write the layer and what describes it in the form of `docker save`."""
    with layer.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    config = json.dumps(
        {
            "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
            "os": "linux",
            "created": _CREATED,
            "config": image.config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            "history": [{"created": _CREATED}],
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [image.name], "Layers": [f"{digest}.tar"]}]
    with tarfile.open(archive, "w") as tar:
        tar.add(layer, f"{digest}.tar", filter=_root_owned)
        _add(tar, config_name, config)
        _add(tar, "manifest.json", json.dumps(manifest).encode())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _digest(image: Image) -> str:
    digest = hashlib.sha256()
    parts = [image.name, image.config, image.suite, image.packages, image.script]
    digest.update(json.dumps(parts).encode())
    for path, source in sorted(image.files.items()):
        digest.update(f"{path} {_mode(source)}\0".encode() + source.read_bytes())
    return digest.hexdigest()[:12]
