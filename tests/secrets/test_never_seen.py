"""No secret in an argument, an environment, a file or Git's history: watched, not believed."""

import base64
import re
import subprocess
import sys

import pyrage
import pytest

from tests.secrets.test_set_and_rotate import GOOD

COLLEAGUE = str(pyrage.x25519.Identity.generate().to_public())
COMMANDS = {
    "init": (["init"], ""),
    "set": (["set", "storage-connection-string"], GOOD),
    "rotate": (["rotate", "database-password"], ""),
    "recipients": (["recipients", "add", COLLEAGUE], ""),
    "check": (["check"], ""),
    "list": (["list"], ""),
}
CALLS = "execve,execveat,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg"
INTO_A_PIPE = re.compile(r"\d+ +\w+\(\d+<(pipe|socket|UNIX[-A-Z]*):\[\d+\]>, ")


@pytest.fixture
def traced(repo, tmp_path, monkeypatch):
    """Run gen under strace; return what it printed, and every call that starts or writes."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))

    def run(arguments, stdin):
        trace = tmp_path / "trace"
        strace = ["strace", "--follow-forks", "--seccomp-bpf", "--no-abbrev", "--decode-fds=path"]
        strace += ["--string-limit=1000000", f"--trace={CALLS}", f"--output={trace}"]
        gen = [sys.executable, "-m", "generator", "-C", repo, "secrets", *arguments]
        result = subprocess.run(
            [*strace, *gen, "--env", "staging"], input=stdin, capture_output=True, text=True
        )
        assert result.returncode in (0, 1), result.stderr
        return result.stdout + result.stderr, trace.read_text().splitlines()

    return run


def spellings(values):
    """Every value as it is, and as it stands in a Kubernetes Secret."""
    return [*values, *(base64.b64encode(value.encode()).decode() for value in values)]


@pytest.mark.parametrize("name", COMMANDS)
def test_values_pass_through_pipes_alone(request, key, traced, plain, tmp_path, name):
    arguments, stdin = COMMANDS[name]
    before = {}
    if name != "init":
        request.getfixturevalue("initialised")
        before = plain()

    printed, calls = traced(arguments, stdin)

    secrets = spellings({*before.values(), *plain().values()})
    secrets += [line for line in key.read_text().splitlines() if line.startswith("AGE-SECRET")]
    assert len(secrets) >= 7
    assert not [secret for secret in secrets if secret in printed]
    seen = [call for call in calls if any(secret in call for secret in secrets)]
    assert seen or name in ("list", "recipients"), (
        "the trace must see the values where they are allowed"
    )
    to_the_key = f"<{key.parent}/.{key.name}."
    assert [c[:200] for c in seen if not INTO_A_PIPE.match(c) and to_the_key not in c] == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_trace_would_show_a_value_in_an_argument_or_a_file(tmp_path):
    """The watchman is awake: what the test above forbids is what it would see."""
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-v", "-y", "-s1000", f"--trace={CALLS}", "-o", trace]
    script = 'echo "$1" >"$2"; A="$1" /bin/true; echo "$1" | cat >/dev/null'
    subprocess.run([*command, "sh", "-c", script, "sh", "opensesame", tmp_path / "x"], check=True)
    seen = [line for line in trace.read_text().splitlines() if "opensesame" in line]
    forbidden = [line for line in seen if not INTO_A_PIPE.match(line)]
    assert [line for line in forbidden if "execve(" in line and '"A=opensesame"' in line]
    assert [line for line in forbidden if f"<{tmp_path}/x>" in line]
    assert len(forbidden) < len(seen)


def test_no_value_is_anywhere_in_the_history(gen, repo, initialised, plain):
    git = ["git", "-C", repo, "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    values = set(plain().values())
    for number, arguments in enumerate(
        [("rotate", "admin-password"), ("rotate", "flask-secret-key")]
    ):
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", f"commit {number}"], check=True)
        gen("secrets", *arguments, "--env", "staging")
        values |= set(plain().values())
    subprocess.run([*git, "commit", "--quiet", "--all", "--message", "last"], check=True)
    commits = subprocess.check_output([*git, "rev-list", "--all"], text=True).split()
    assert len(commits) == 3

    def found(patterns):
        command = [*git, "grep", "--fixed-strings", "--text", "--only-matching", "-h", "-f", "-"]
        result = subprocess.run(
            [*command, *commits], input="\n".join(patterns), capture_output=True, text=True
        )
        assert result.returncode in (0, 1), result.stderr
        return set(result.stdout.split())

    assert len(values) == 5
    assert found(spellings(values)) == set()
    assert found(["mlflow-secrets", *values]) == {"mlflow-secrets"}, "the search does search"
