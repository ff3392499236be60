"""The shell in infra/: what shellcheck and shfmt say, and that an old bash would take it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from generator import programs

pytestmark = pytest.mark.timeout(600)
ROOT = Path(__file__).parents[2]
LIBRARY = sorted((ROOT / "infra/lib").glob("*.sh"))
SCRIPTS = sorted((ROOT / "infra").glob("*/azure-resource-provisioning.sh"))
# What bash got after 3.2, the one that macOS comes with.
YOUNGER = (
    r"\b(mapfile|readarray|coproc)\b",
    r"\b(declare|local|typeset) -[a-z]*[Anlu]",
    r"\bwait -n\b",
    r"\$\{[a-zA-Z_][a-zA-Z_0-9]*(\[[^]]*\])?(\^|,|@[A-Za-z])",
    r"\$\{[a-zA-Z_][a-zA-Z_0-9]*: -",
    r"&>>|\|&|;;&|;&",
    r"\bEPOCH(SECONDS|REALTIME)\b",
    r"printf [^|;]*%\(",
    r"\[\[ -v ",
    r"""=["'][^"\n]*\$\{\w+//[^}]*\\['"]""",  # quotes, as another has them there
)


def test_shellcheck_has_nothing_to_say():
    """Each script pulls in the whole library."""
    shellcheck = programs.find(ROOT, "shellcheck", say=print)
    result = subprocess.run([shellcheck, *SCRIPTS], capture_output=True, text=True)
    assert result.stdout + result.stderr == ""


def test_shfmt_would_change_nothing():
    shfmt = programs.find(ROOT, "shfmt", say=print)
    command = [shfmt, "--indent", "2", "--case-indent", "--diff", *LIBRARY, *SCRIPTS]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stdout + result.stderr == ""


@pytest.mark.parametrize(
    "file", [*LIBRARY, *SCRIPTS], ids=lambda file: f"{file.parent.name}/{file.name}"
)
def test_needs_no_younger_bash_than_that_of_macos(file):
    text = re.sub(r"^\s*#.*$", "", file.read_text(), flags=re.MULTILINE)
    assert [found[0] for pattern in YOUNGER for found in re.finditer(pattern, text)] == []


@pytest.mark.parametrize(
    "line",
    [
        "local -n x=y",
        "mapfile -t a",
        'echo "${x^^}"',
        "a |& b",
        "wait -n",
        """word="'${word//\\'/x}'\"""",
    ],
)
def test_the_check_for_younger_bash_can_fail(line):
    assert any(re.search(pattern, line) for pattern in YOUNGER)


def test_an_older_bash_is_refused_with_every_other_problem(tmp_path):
    shutil.copytree(ROOT / "infra", tmp_path / "infra")
    preflight = tmp_path / "infra/lib/preflight.sh"
    preflight.write_text(preflight.read_text().replace("bash_needed=3.2", "bash_needed=9.0"))
    script = tmp_path / "infra/prod/azure-resource-provisioning.sh"
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    refused = subprocess.run([script, "plan"], env=bare, capture_output=True, text=True)
    assert refused.returncode == 1
    assert re.findall(r"^! (.*?)(?: version [^,]*)?[,\n]", refused.stderr, re.MULTILINE) == [
        "bash is",
        "azure.subscription is still the placeholder 00000000-0000-0000-0000-000000000000",
        "az",
    ]
    assert refused.stderr.count("\n") < 24, "one screen"


def test_no_file_or_function_is_long():
    for file in LIBRARY:
        lines = file.read_text().splitlines()
        assert len(lines) < 400
        starts = [n for n, line in enumerate(lines) if re.match(r"\w+\(\) \{", line)]
        for start in starts:
            assert lines.index("}", start) - start < 50 if "}" in lines[start:] else True
