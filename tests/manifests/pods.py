"""Built manifests -> running processes: a pod's containers without a container runtime.

Each container is process 1 of a mount and a process namespace, as the user that its pod names,
with a read-only root and the pod's volumes at the paths that the manifests give: nothing in a
command, a setting or a mounted file is changed. All pods of a cluster share one network namespace,
in which every Service's name is 127.0.0.1. An image's content is what the pinned tool of tools/
installed. Works as root and, where user namespaces are allowed, as any user.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from generator import programs
from generator.validate.objects import Object
from tests.manifests import images

PATIENCE = 120  # seconds, for anything to happen; a busy machine is slow

Process = subprocess.Popen[str]


class Cluster:
    """A network, and what Flux applied: pods start from it and end with it."""

    def __init__(self, folder: Path, objects: Iterable[Object], secrets: Mapping[str, str]) -> None:
        self.folder = folder
        self.objects = {(item.kind, item.name): item.values for item in objects}
        self.secrets = dict(secrets)
        """What the vault holds. A pod sees what it held when the pod started."""
        self.processes: list[Process] = []
        names = [name for kind, name in self.objects if kind == "Service"]
        (folder / "hosts").write_text(f"127.0.0.1 localhost {' '.join(names)}\n")
        (folder / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")

    @contextmanager
    def network(self) -> Iterator["Cluster"]:
        """Hold a network namespace with a loopback interface. It ends with its only process."""
        hold = "ip link set lo up && echo up && exec cat"
        with subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", hold],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as holder:
            assert holder.stdout.readline() == "up\n", "user namespaces are not allowed here"
            self.inside = ["nsenter", f"--target={holder.pid}", "--user", "--net"]
            self.inside += ["--preserve-credentials"]
            try:
                yield self
            finally:
                for process in reversed(self.processes):
                    process.kill()
                    process.communicate()
                for log in sorted(self.folder.glob("*/*/log")):  # pytest shows it of a failed test
                    print(f"{log.relative_to(self.folder)}:\n{log.read_text()[-4000:]}")

    def start(self, command: Iterable[object], **options: object) -> Process:
        """Start a program in the network; `options` are those of subprocess."""
        words = [*self.inside, *map(str, command)]
        process = subprocess.Popen(words, text=True, **options)
        self.processes.append(process)
        return process

    def python(
        self, script: str, *arguments: str, tool: str = "mlflow", **variables: str
    ) -> Process:
        """Start a script in the network that can import the MLflow of tools/; it talks by pipes."""
        return self.start(
            [images.python(tool), "-c", script, *arguments],
            env={"PATH": os.defpath, "HOME": str(self.folder), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def answer(self, script: str, *arguments: str, tool: str = "mlflow", **variables: str) -> str:
        """Run such a script and return the last line that it prints."""
        process = self.python(script, *arguments, tool=tool, **variables)
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
        return said.strip().rpartition("\n")[2]

    def pod(self, name: str, kind: str, workload: str) -> "Pod":
        """Return a pod of a workload, not started yet."""
        return Pod(self, name, self.objects[kind, workload]["spec"]["template"]["spec"])

    def postgresql(self, name: str = "postgresql-0") -> "Pod":
        return self.pod(name, "StatefulSet", "postgresql")

    def mlflow(self, name: str = "mlflow-1") -> "Pod":
        (workload,) = (name for kind, name in self.objects if kind == "Deployment")
        return self.pod(name, "Deployment", workload)

    def job(self, name: str, job: Mapping) -> "Pod":
        """Return the pod of a Job, or of what a CronJob makes, not started yet."""
        return Pod(self, name, job.get("jobTemplate", job)["spec"]["template"]["spec"])


class Pod:
    """One pod. Its claims outlive it, its other volumes are its own."""

    def __init__(self, cluster: Cluster, name: str, spec: Mapping) -> None:
        self.cluster, self.spec = cluster, spec
        self.folder = cluster.folder / name
        self.folder.mkdir()
        self.volumes = {volume["name"]: self._volume(volume) for volume in spec["volumes"]}

    def _volume(self, volume: Mapping) -> Path:
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
            said += running.said()
            assert code == 0, f"{container['name']}: exit {code}\n{running.said()}"
        return said

    def complete(self) -> tuple[int, str]:
        """Run a Job's pod to its end. Return the exit code, and what its containers said."""
        said = ""
        for container in (*self.spec["initContainers"], *self.spec["containers"]):
            running = self.run(container)
            code = running.wait()
            said += running.said()
            if code:
                break
        return code, said

    def start(self) -> "Running":
        """Start the pod as Kubernetes does, and return when it is ready."""
        self.initialise()
        (container,) = self.spec["containers"]
        running = self.run(container)
        running.wait_for(container["startupProbe"])
        running.wait_for(container["readinessProbe"])
        return running

    def run(self, container: Mapping) -> "Running":
        image = images.find(container["image"], self.cluster.folder)
        folder = self.folder / container["name"]
        (folder / "root").mkdir(parents=True)
        mounts = folder / "mounts"
        mounts.write_text("".join("\t".join(map(str, m)) + "\n" for m in self._mounts(container)))
        variables = {"PATH": ":".join(map(str, (*image.path, "/usr/bin", "/bin")))}
        variables |= image.variables | self.variables(container)
        user = self.spec["securityContext"]
        isolated = ["unshare", "--user", "--keep-caps", "--mount", "--pid", "--fork"]
        isolated += [f"--map-user={user['runAsUser']}", f"--map-group={user['runAsGroup']}"]
        start = ["sh", Path(__file__).with_name("container.sh"), folder / "root", mounts]
        command = [*container["command"], *container.get("args", [])]
        return Running(self, container, [*isolated, "--kill-child", *start, *command], variables)

    def _mounts(self, container: Mapping) -> Iterator[tuple[object, str, str]]:
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

    def _declared(self, volume: str) -> Mapping:
        return next(v for v in self.spec["volumes"] if v["name"] == volume)

    def variables(self, container: Mapping) -> dict[str, str]:
        """Return the environment of a container of this pod."""
        variables: dict[str, str] = {}
        for source in container.get("envFrom", []):
            ((reference, named),) = source.items()
            kind = {"configMapRef": "ConfigMap", "secretRef": "Secret"}[reference]
            made = self.cluster.objects[kind, named["name"]]
            variables |= made.get("data") or made["stringData"]
        return variables | {entry["name"]: entry["value"] for entry in container.get("env", [])}


_GET = """
import base64, ssl, sys, urllib.request
ssl._create_default_https_context = ssl._create_unverified_context  # as kubelet
url, seconds, *login = sys.argv[1:]
key = base64.b64encode(":".join(login).encode()).decode()
headers = {"Authorization": f"Basic {key}"} if login else {}
try:
    request = urllib.request.Request(url, headers=headers)
    print(urllib.request.urlopen(request, timeout=int(seconds)).status)
except OSError as error:
    print(error, file=sys.stderr)
    print(getattr(error, "code", 0))
"""


class Running:
    """A container's process."""

    def __init__(
        self, pod: Pod, container: Mapping, command: Iterable[object], variables: Mapping[str, str]
    ) -> None:
        self.pod, self.container, self.variables = pod, container, variables
        self.log = pod.folder / container["name"] / "log"
        with self.log.open("w") as said:
            self.process = pod.cluster.start(
                command, env=variables, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        self.first = self._first()

    def _first(self) -> int:
        """Return the id, seen from here, of the container's process 1."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        while self.process.poll() is None:
            if ids := children.read_text().split():
                return int(ids[0])
        return 0

    def environ(self) -> str:
        """Return what every process of the container was started with."""
        return "".join(Path(f"/proc/{process}/environ").read_text() for process in self.family())

    def family(self) -> Iterator[int]:
        """Yield the ids, seen from here, of process 1 and of all that it started."""
        pending = [self.first]
        while pending:
            yield (process := pending.pop())
            children = Path(f"/proc/{process}/task/{process}/children").read_text()
            pending += map(int, children.split())

    def sockets(self) -> list[str]:
        """Return the sockets that process 1 holds, as the kernel names them."""
        opened = Path(f"/proc/{self.first}/fd").iterdir()
        return [name for file in opened if (name := str(file.readlink())).startswith("socket:")]

    def said(self) -> str:
        return self.log.read_text()

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def wait_for(self, probe: Mapping) -> None:
        """Return when a probe of the manifest succeeds."""
        deadline = time.monotonic() + PATIENCE
        while not self.succeeds(probe):
            assert self.process.poll() is None, f"it ended:\n{self.said()}"
            assert time.monotonic() < deadline, f"never ready:\n{self.said()}"
            time.sleep(0.1)

    def succeeds(self, probe: Mapping) -> bool:
        if "exec" in probe:
            return self.execute(probe["exec"]["command"]).returncode == 0
        return self.get(probe["httpGet"]["path"], seconds=probe["timeoutSeconds"]) == 200

    def get(self, path: str, *login: str, seconds: int = PATIENCE) -> int:
        """Return the HTTP status of the server's `path`; 0 for no answer. `login` is two words."""
        scheme = self.container["readinessProbe"]["httpGet"].get("scheme", "HTTP").lower()
        url = f"{scheme}://127.0.0.1:5000{path}"
        asked = subprocess.run(
            [*self.pod.cluster.inside, sys.executable, "-ISc", _GET, url, str(seconds), *login],
            capture_output=True,
            text=True,
        )
        if asked.stdout == "0\n":
            print(f"{path}: no answer: {asked.stderr.strip()}")
        return int(asked.stdout)

    def execute(self, command: Iterable[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, as kubectl exec does."""
        enter = ["nsenter", f"--target={self.first}", "--all", "--root", "--wd"]
        return subprocess.run(
            [*enter, "--preserve-credentials", *command],
            env=self.variables,
            capture_output=True,
            text=True,
        )

    def terminate(self) -> None:
        """Tell it to end, as Kubernetes does after a pause for the balancers."""
        match self.container["lifecycle"]["preStop"]:
            case {"exec": {"command": command}}:
                self.execute(command)
        if self.process.poll() is None:
            subprocess.run(["kill", "-TERM", str(self.first)], check=False)

    def stop(self) -> float:
        """End it within its grace period, and return the seconds that it took."""
        started = time.monotonic()
        self.terminate()
        self.process.wait(self.pod.spec["terminationGracePeriodSeconds"])
        return time.monotonic() - started

    def kill(self) -> None:
        """End it, and every process in it, as a power cut does."""
        self.process.kill()
        self.process.wait()
