"""make cluster, cluster-status, cluster-down: a cluster that follows this work tree's commits.

It lives as long as the command that brought it up, in a place that no test uses.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from ipaddress import ip_address, ip_network
from types import FrameType
from typing import NoReturn

from generator import programs as tools
from generator.environment import Environment, load
from generator.errors import GenError
from tests.cluster import delivery, published
from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.rig import CannotRun, Cluster, place, programs, repository
from tests.cluster.rig.images import Image
from tests.cluster.rig.programs import ROOT
from tests.cluster.rig.waiting import wait_for

NUMBER = 32
FOLDER = tools.cache() / "clusters" / str(NUMBER)
KUBECONFIG = FOLDER / "certificates/admin.kubeconfig"
HOLDER = FOLDER / "holder"  # the number of the process that holds the cluster


def up(environment: str) -> None:
    """Bring the cluster up and follow this work tree's commits until it is ended."""
    signal.signal(signal.SIGTERM, _interrupt)
    (env,) = load(ROOT, [environment])
    with Cluster(node=True, images=_images(env), number=NUMBER, say=_say) as cluster:
        HOLDER.write_text(str(os.getpid()))
        commit = _head()
        _say(f"delivering {environment} as of {commit[:8]}")
        changes = _changes(env, cluster.place.host_address)
        for change in changes:
            _say(f"here otherwise than in environments/{environment}.yaml: {change}")
        delivered = delivery.first(delivery.copy(cluster, environment, commit, changes))
        _say(delivered.timeline)
        _say(_welcome(delivered))
        _follow(delivered, commit)


def status() -> None:
    """Show what Flux says, and what runs."""
    _require_cluster()
    for namespace, kinds in (
        ("flux-system", "gitrepositories,kustomizations"),
        (NAMESPACE, "pods,services,persistentvolumeclaims"),
    ):
        subprocess.run([*_kubectl(), f"--namespace={namespace}", "get", kinds], check=True)


def down() -> None:
    """End the cluster from another terminal."""
    _require_cluster()
    os.kill(int(HOLDER.read_text()), signal.SIGTERM)
    wait_for("end of the cluster", lambda: not place.is_held(NUMBER))


def _images(env: Environment) -> tuple[Image, ...]:
    """What the environment runs, of the images that are made here; a digest does not count."""
    image = env.apps.mlflow.image
    known = {one.name: one for one in (published.MLFLOW, published.MLFLOW_3)}
    if made := known.get(f"{image.name}:{image.tag}"):
        return published.POSTGRESQL, made
    key = f"environments/{env.name}.yaml: apps.mlflow.image: {image.name}:{image.tag}"
    raise CannotRun(f"{key} is not made here; what is: {', '.join(known)}")


def _changes(env: Environment, host_address: str) -> list[str]:
    """What cannot be as in the cloud, as arguments of `gen set`.

    There is no vault here, no certificate and no chart repository; nobody is told; and the client
    is this machine.
    """
    app = env.apps.mlflow
    changes = ["secrets.provider=sops"] if env.secrets.provider == "key-vault" else []
    if app.delivery == "helm":
        changes.append("apps.mlflow.delivery=kustomize")
    if app.exposure.tls:
        changes.append("--unset=apps.mlflow.exposure.tls")
    told = env.notifications
    if told.commit_status != "none":
        changes.append("notifications.commit_status=none")
    if told.chat != "none":
        changes.append("notifications.chat=none")
    networks = [str(network) for network in app.exposure.allowed_networks]
    here = ip_address(host_address)
    if not any(here in ip_network(network) for network in networks):
        allowed = ",".join([*networks, f"{here}/32"])
        changes.append(f"apps.mlflow.exposure.allowed_networks=[{allowed}]")
    return changes


def _follow(delivered: Delivery, commit: str) -> None:
    """Deliver every new commit, and say how it went."""
    while True:
        time.sleep(1)
        if (head := _head()) == commit:
            continue
        commit, start = head, time.monotonic()
        _say(f"{commit[:8]}: pushed")
        try:
            delivered.take_over(commit)
            delivered.wait(delivered.push(f"Commit {commit}"))
            _say(f"{commit[:8]}: ready after {time.monotonic() - start:.0f} s")
        except (TimeoutError, AssertionError) as error:
            _say(f"{commit[:8]}: {error}")


def _welcome(delivered: Delivery) -> str:
    (env,) = load(delivered.repository.work, [delivered.environment])
    kubectl = shlex.join(_kubectl())
    password = (
        f"{kubectl} --namespace={NAMESPACE} get secret mlflow-secrets"
        " --output='jsonpath={.data.admin-password}' | base64 --decode"
    )
    return f"""
MLflow    http://{delivered.address}

Clients   export MLFLOW_TRACKING_URI=http://{delivered.address}
          export MLFLOW_TRACKING_USERNAME={env.apps.mlflow.auth.admin}
          export MLFLOW_TRACKING_PASSWORD="$({password})"

kubectl   export KUBECONFIG={KUBECONFIG}

Try       .venv/bin/gen set --env {delivered.environment} apps.mlflow.replicas=2
          git commit --all --message "Two replicas"
          make cluster-status

It follows the commits of this work tree. Ctrl-C, or make cluster-down elsewhere, ends it.
"""


def _kubectl() -> list[str]:
    return [str(programs.Programs(_say).find("kubectl")), f"--kubeconfig={KUBECONFIG}"]


def _require_cluster() -> None:
    if not place.is_held(NUMBER) or not HOLDER.exists():
        raise CannotRun("no cluster is up: make cluster brings one up")


def _head() -> str:
    return repository.git(ROOT, "rev-parse", "HEAD")


def _say(line: object) -> None:
    print(line, flush=True)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main(command: str, *arguments: str) -> int:
    """Run a command; what keeps it from running is one line."""
    try:
        {"up": up, "status": status, "down": down}[command](*arguments)
    except KeyboardInterrupt:
        _say("the cluster is gone")
    except (CannotRun, GenError, TimeoutError, AssertionError) as error:
        print(f"make cluster: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
