"""Values that a shell would read differently arrive at az as they were."""

import json
import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import environment
from generator.environment import types
from generator.render import infra

pytestmark = pytest.mark.timeout(600)
ROOT = Path(__file__).parents[2]
# Control characters are refused in an environment file; everything else is text.
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=40)
NASTY = (
    "'",
    '"',
    "\\",
    "$(touch x)",
    "`touch x`",
    "${IFS}",
    "a b",
    "*",
    "~",
    "#",
    "-n",
    "!!",
    "\\'",
    "')",
)
VALUE = st.one_of(TEXT, st.lists(st.sampled_from(NASTY), min_size=1, max_size=6).map("".join))
TAG_NAME = next(rule for rule in get_args(types.TagName) if isinstance(rule, types.Text))
NAME = VALUE.map(lambda text: re.sub(r"^-|[<>%&\\?/=\x7f]", "_", text)).filter(
    lambda text: re.fullmatch(TAG_NAME.pattern, text, re.ASCII)
)
# Writes the arguments of each call into $CALLS, each ended by NUL, a call ended by another.
AZ = 'az() { printf "%s\\0" "$@" "" >>"$CALLS"; printf x; }\n'


def calls(script, folder):
    """Run what `apply --dry-run` prints, with a stand-in for az, and return its arguments."""
    dry = subprocess.run([script, "apply", "--dry-run"], capture_output=True, text=True, check=True)
    record = folder / "calls"
    record.unlink(missing_ok=True)
    subprocess.run(
        ["bash"],
        input=AZ + dry.stdout,
        text=True,
        check=True,
        cwd=folder,
        env={"CALLS": str(record), "PATH": "/usr/bin:/bin"},
    )
    return [call.split("\0") for call in record.read_text().split("\0\0") if call]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("quoting")
    (made / "infra").mkdir()
    (made / "infra/lib").symlink_to(ROOT / "infra/lib")
    return made


def rendered(folder, tags, branch):
    """The script of prod with these values, which no environment file could hold."""
    [prod] = environment.load(ROOT, ["prod"])
    env = prod.model_copy(
        update={
            "azure": prod.azure.model_copy(update={"tags": tags}),
            "git": prod.git.model_copy(update={"branch": branch}),
        }
    )
    [file] = infra.files(env)
    script = folder / file.path
    script.parent.mkdir(exist_ok=True)
    script.write_text(file.text)
    script.chmod(0o755)
    return script


def bodies(made, kind):
    """What `az rest` puts to resources of a kind."""
    puts = [call for call in made if "--body" in call and kind in call[call.index("--url") + 1]]
    return [json.loads(call[call.index("--body") + 1]) for call in puts]


@settings(max_examples=25)
@given(tags=st.dictionaries(NAME, VALUE, min_size=40, max_size=40), branch=VALUE)
def test_az_gets_exactly_the_value(folder, tags, branch):
    made = calls(rendered(folder, tags, branch), folder)
    wanted = [f"{name}={value}" for name, value in sorted(tags.items())]
    tagged = [call for call in made if "--tags" in call and call[1] != "secret"]
    assert [call[:2] for call in tagged] == [
        ["group", "create"],
        ["storage", "account"],
        ["keyvault", "create"],
        ["aks", "create"],
    ]
    for call in tagged:
        start = call.index("--tags") + 1
        assert call[start : start + len(wanted)] == wanted
        assert not any(word.startswith("-") for word in wanted), "az would take it for an option"
    assert [body["tags"] for body in bodies(made, "/userAssignedIdentities/")] == [tags] * 3
    [body] = bodies(made, "/fluxConfigurations/")
    repository = body["properties"]["gitRepository"]
    assert repository["repositoryRef"]["branch"] == branch
    assert not (folder / "x").exists()
