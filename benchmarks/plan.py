"""How long a plan takes, against the time two cores need for as many `az group show`."""

import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from benchmarks import measure
from generator import environment, programs
from tests.azure import local_azure
from tests.azure.local_azure import ROOT, SUBSCRIPTION, Script

LIMIT = 1.5


def main() -> None:
    """Measure an unchanged plan of prod; exit 1 if it is over the limit."""
    client = programs.install(ROOT, "azure-cli", say=print)
    with tempfile.TemporaryDirectory() as name, local_azure.running(client, Path(name)) as azure:
        folder = Path(name)
        shutil.copytree(ROOT / "infra/lib", folder / "infra/lib")
        [env] = environment.load(ROOT, ["prod"])
        script = Script(env, folder, azure.variables)
        script.render(azure__subscription=SUBSCRIPTION)
        script.run("apply")
        os.environ.clear()
        os.environ.update(azure.variables)
        count = calls(script, client, folder)
        shows = f"seq {count} | xargs -P 2 -I _ az group show --name {env.azure.resource_group}"
        commands = {"plan": [str(script.path), "plan"], "floor": ["bash", "-c", shows]}
        costs = measure.medians(commands, before=lambda _: None, runs=3)
    plan, floor = costs["plan"].seconds, costs["floor"].seconds
    print(f"plan of prod, {count} calls of az: {plan:.2f} s")
    print(f"{count} x az group show, two at a time: {floor:.2f} s")
    print(f"ratio {plan / floor:.2f}, limit {LIMIT}")
    sys.exit(plan / floor > LIMIT)


def calls(script: Script, client: Path, folder: Path) -> int:
    """Count how often a plan runs az, by an az in front of it on PATH that notes each call."""
    shim, notes = folder / "shim/az", folder / "notes"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho >>"{notes}"\nexec "{client}/bin/az" "$@"\n')
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    script.run("plan", PATH=f"{shim.parent}:{script.variables['PATH']}")
    return len(notes.read_text().splitlines())


if __name__ == "__main__":
    main()
