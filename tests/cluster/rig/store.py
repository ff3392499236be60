"""Archives of images -> the folder that containerd keeps them in, imported once and then linked.

Importing 1.5 GB takes half a minute, linking its files a second. What containerd has unpacked it
never writes to again; only its databases change, and those are copied.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from generator import programs

from .errors import CannotRun
from .images import Image, archive
from .processes import DIES_WITH_ITS_PARENT
from .waiting import wait_for

PAUSE = "docker.io/rig/pause:1"


def fill(folder: Path, images: Sequence[Image], say: Callable[[str], None]) -> None:
    """Make `folder` a containerd root that has the images and the one under every pod."""
    archives = [archive(image, say) for image in (*images, _pause())]
    key = hashlib.sha256("\0".join(map(str, archives)).encode()).hexdigest()[:12]
    store = programs.cache() / "images" / f"store-{key}"

    def make() -> None:
        say(f"importing {len(archives)} images, once, into {store}")
        _import(store / "containerd", archives)

    programs.once(store, make)
    subprocess.run(["cp", "--archive", "--link", store / "containerd", folder], check=True)
    for database in folder.rglob("*.db"):
        shutil.copyfile(database, copy := database.with_suffix(".copy"))
        copy.replace(database)


def _pause() -> Image:
    """The process that holds a pod's namespaces, here Debian's, which is static."""
    catatonit = Path(shutil.which("catatonit") or "/usr/bin/catatonit")
    config = {"Entrypoint": ["/pause", "-P"], "Env": ["PATH=/"]}
    return Image("rig/pause:1", config, {"/pause": catatonit})


def _import(root: Path, archives: Sequence[Path]) -> None:
    """Run containerd for as long as it takes to import and unpack."""
    state = root.with_name("state")
    socket = state / "s"
    config = root.with_name("config.toml")
    config.write_text(f"""\
version = 2
root = "{root}"
state = "{state}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{state / "opt"}"
""")
    server = subprocess.Popen(
        [*DIES_WITH_ITS_PARENT, "unshare", "--mount", "containerd", "--config", str(config)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        ctr = ["ctr", "--address", str(socket), "--namespace", "k8s.io"]
        wait_for("answer from containerd", lambda: _run([*ctr, "version"]) == "", seconds=20)
        for image in archives:
            if error := _run([*ctr, "images", "import", str(image)]):
                raise CannotRun(f"{image} could not be imported: {error}")
    finally:
        server.terminate()
        server.wait()


def _run(command: Sequence[str]) -> str:
    """Run a command; return what went wrong, or nothing."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.stderr.strip() or f"exit {done.returncode}" if done.returncode else ""
