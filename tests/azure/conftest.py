"""A local Azure for each test process, and a script to run against it."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator import environment, programs
from tests.azure import local_azure, warm_client
from tests.azure.local_azure import ROOT, SUBSCRIPTION, Azure, Script

# The form of one, for environments with sops.
AGE_KEY = "AGE-SECRET-KEY-1" + "Q" * 58 + "\n"


@pytest.fixture(scope="session")
def azure_cli() -> Path:
    """The pinned client's folder."""
    return programs.install(ROOT, "azure-cli", say=print)


@pytest.fixture(scope="session")
def running_azure(azure_cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    """A local Azure, and a client that is signed in to it."""
    folder = tmp_path_factory.mktemp("azure")
    with (
        local_azure.running(azure_cli, folder) as azure,
        warm_client.running(azure_cli, folder, azure.variables) as programs_,
    ):
        azure.variables["PATH"] = f"{programs_}:{azure.variables['PATH']}"
        yield azure


@pytest.fixture
def azure(running_azure: Azure) -> Azure:
    """An empty local Azure."""
    running_azure.control("reset")
    return running_azure


@pytest.fixture(params=["prod"])
def script(request: pytest.FixtureRequest, azure: Azure, tmp_path: Path) -> Script:
    """The script of an environment of this repository, for the local subscription."""
    [env] = environment.load(ROOT, [request.param])
    shutil.copytree(ROOT / "infra/lib", tmp_path / "infra/lib")
    key = tmp_path / "age.agekey"
    key.write_text(AGE_KEY)
    made = Script(env, tmp_path, azure.variables | {"AGE_KEY_FILE": str(key)})
    made.render(azure__subscription=SUBSCRIPTION)
    return made


@pytest.fixture
def applied_state(applied: "Script", azure: Azure) -> Any:
    """What Azure looks like after an apply; it is empty again then."""
    state = azure.state()
    azure.control("reset")
    return state


@pytest.fixture
def applied(script: Script, azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> Script:
    """A script that has been applied, by one test process for all of them."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    saved = shared / f"applied-{script.env.name}.pickle"
    with saved.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not saved.exists():
            script.run("apply")
            azure.control("save", path=str(saved))
    azure.control("load", path=str(saved))
    azure.writes()
    return script
