"""`gen init` makes a copy yours, `gen new` adds an environment; both edit, neither rewrites."""

import os
import shutil
import subprocess

import pytest

from generator import environment
from tests.trees import MINIMAL, ROOT, tree, write

OURS = (
    "--subscription=11111111-2222-3333-4444-555555555555",
    "--location=westeurope",
    "--git-url=https://git.example.com/me/mlflow",
    "--suffix=abcd12",
)


@pytest.fixture
def copy(repo):
    """A copy of this repository's environments."""
    shutil.copytree(ROOT / "environments", repo / "environments", dirs_exist_ok=True)
    return repo


def test_init_leaves_no_name_of_anybody_else(copy, gen):
    before = tree(copy)
    theirs = [
        *("00000000-0000-0000-0000-000000000000", "github.com/example"),
        *(env.apps.mlflow.artifacts.account for env in environment.load(ROOT)),
        *filter(None, (env.secrets.key_vault for env in environment.load(ROOT))),
    ]

    result = gen("init", *OURS)

    after = tree(copy)
    assert not [name for name in theirs for text in after.values() if f" {name}\n" in text]
    for env in environment.load(copy):
        assert env.azure.subscription == "11111111-2222-3333-4444-555555555555"
        assert env.azure.location == "westeurope"
        assert env.apps.mlflow.artifacts.account == f"mlflow{env.name}abcd12"
        assert f"write  environments/{env.name}.yaml" in result.output
    comments = [line for text in before.values() for line in text.splitlines() if "# " in line]
    assert comments
    for comment in comments:
        assert any(comment in text for text in after.values()), "comments stay"

    gen("init", *OURS)
    assert tree(copy) == after, "a second time changes nothing"


def test_init_asks_and_proposes_the_remote(copy, gen):
    git = ["git", "-C", str(copy)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "git@github.com:me/mlflow.git"], check=True)

    gen("init", *OURS[:1], input="\n\n\n")

    for env in environment.load(copy):
        assert env.git.url == "ssh://git@github.com/me/mlflow.git"
        assert env.git.auth == "ssh"
        assert env.azure.location == "centralindia"


def test_init_with_wrong_answers_writes_nothing(copy, gen):
    before = tree(copy)
    result = gen(
        "init", "--subscription=mine", "--git-url=http://x/y", *OURS[1:2], OURS[3], exit_code=1
    )
    assert "environments/prod.yaml:5: azure.subscription: 'mine': must be a UUID" in result.stderr
    assert "git.url: 'http://x/y': must be a repository's address" in result.stderr
    result = gen("init", *OURS[:3], "--suffix=No!", exit_code=2)
    assert "must be 4 to 8 of a-z and 0-9" in result.stderr
    assert tree(copy) == before


@pytest.mark.parametrize("source", ["dev", "staging", "prod"])
def test_new_has_names_of_its_own(source, copy, gen):
    gen("new", "qa", "--from", source)
    original, qa = environment.load(copy, [source, "qa"])
    text = (copy / "environments/qa.yaml").read_text()
    assert text.startswith(
        f"# yaml-language-server: $schema=schema.json\n#\n# qa, made from {source}.\nazure:\n"
    )
    assert qa.azure.resource_group == "rg-mlflow-qa"
    assert qa.cluster.name == "aks-mlflow-qa"
    assert qa.apps.mlflow.image == original.apps.mlflow.image
    (copy / f"environments/{source}.yaml").unlink()
    assert source not in text.split("\n", 3)[3]


def test_new_from_the_first_and_only(repo, gen):
    write(repo, "environments/one.yaml", MINIMAL)
    result = gen("new", "two")
    assert "Its secrets: gen secrets init --env two." in result.output
    gen("list")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["prod", "--from", "dev"], "environments/prod.yaml: is there already; edit it"),
        (["Bad"], "environments/Bad.yaml: an environment's name: 'Bad': must be a DNS label"),
        (["lib"], "environments/lib.yaml: lib is a folder of infra/"),
        (["qa", "--from", "nope"], "environments/nope.yaml: no such environment; known: dev, "),
    ],
)
def test_new_refuses(arguments, problem, copy, gen):
    before = tree(copy)
    assert gen("new", *arguments, exit_code=1).stderr.startswith(problem)
    assert tree(copy) == before


@pytest.mark.parametrize("name", ["q", "a" * 20, "a-b-c-d-e-f-g-h-i-j"])
def test_new_makes_valid_names_of_short_and_long_ones(name, copy, gen):
    gen("new", name, "--from", "prod")
    gen("init", *OURS)
    gen("list")


def test_a_folder_that_may_not_be_written_is_one_line(copy, gen, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    assert gen("new", "qa", exit_code=1).stderr == (
        "environments/qa.yaml: could not be written: Permission denied\n"
    )
