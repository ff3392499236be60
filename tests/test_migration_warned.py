"""What cannot be undone is said before it is merged: by gen validate, and by gen diff's rule."""

import subprocess
from itertools import product

import pytest

from generator.environment import mlflow_versions
from generator.review import review
from generator.review.model import Level
from generator.validate.rules import advice
from tests.review.objects import DEPLOYMENT, changed, env, side
from tests.test_validate import gen

IMAGE = "spec/template/spec/containers/0/image"
TAGS = [
    (row.image, row.tag.format(".".join(map(str, version))))
    for row in mlflow_versions.TABLE
    for version in dict.fromkeys((row.first, row.last))
]
NEWER = "the first start of 3.16.0 migrates both databases, and 2.22.0 refuses them then; back up"


def test_the_table_has_what_migrates_and_what_does_not():
    pairs = list(product(TAGS, TAGS))
    migrating = [pair for pair in pairs if mlflow_versions.migrates(*pair)]
    assert (TAGS[0], TAGS[-1]) in migrating
    assert (TAGS[0], TAGS[1]) not in migrating
    assert not [pair for pair in migrating if pair[::-1] in migrating]


@pytest.mark.parametrize(("before", "after"), list(product(TAGS, TAGS)), ids=":".join)
def test_gen_diff_calls_a_migration_and_its_way_back_a_danger(before, after):
    old, new = (side(changed(DEPLOYMENT, IMAGE, ":".join(image))) for image in (before, after))
    found = [one for one in review("test", old, new).findings if one.rule == "image"]
    dangers = {one.message for one in found if one.level is Level.DANGER}
    forward, back = mlflow_versions.migrates(before, after), mlflow_versions.migrates(after, before)
    assert any("migrates the database" in message for message in dangers) is forward
    assert any("goes back" in message for message in dangers) or not back


@pytest.fixture
def committed(tree):
    """A repository with one commit, and then another MLflow in prod."""

    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *who, *arguments], cwd=tree, check=True, capture_output=True)

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "First")
    file = tree / "environments/prod.yaml"
    image = "    image: {tag: 3.16.0}\n    exposure:"
    file.write_text(file.read_text().replace("    exposure:", image))
    return tree


@pytest.mark.parametrize("arguments", [(), ("--since", "HEAD")])
def test_gen_validate_says_to_back_up_first(committed, arguments):
    said = gen("validate", *arguments, cwd=committed).stderr
    (warning,) = [line for line in said.splitlines() if NEWER in line]
    assert warning.startswith("warning: environments/prod.yaml: apps.mlflow.image.tag: ")


@pytest.mark.parametrize(
    ("default", "migrate", "sentence"),
    [
        ("READ", False, "docs/backup.md; it does not begin while somebody has NO_PERMISSIONS for"),
        ("EDIT", True, "docs/backup.md; who has NO_PERMISSIONS for a thing gets EDIT for it"),
        ("NO_PERMISSIONS", False, "docs/backup.md"),
        ("NO_PERMISSIONS", True, "docs/backup.md"),
    ],
)
def test_gen_validate_says_what_becomes_of_denials(default, migrate, sentence):
    mlflow = {
        "apps__mlflow__image__tag": "3.16.0",
        "apps__mlflow__image__migrate_without_denials": migrate,
        "apps__mlflow__auth__default_permission": default,
    }
    before = env().apps.mlflow.image
    (warning,) = advice.migration(before, env(**mlflow))
    assert sentence in warning.message
    assert ("NO_PERMISSIONS" in warning.message) is (default != "NO_PERMISSIONS")
    assert not [*advice.migration(env(**mlflow).apps.mlflow.image, env(**mlflow))]


def test_gen_validate_is_silent_where_git_does_not_know_better(committed):
    subprocess.run(["rm", "-r", ".git"], cwd=committed, check=True)
    assert NEWER not in gen("validate", cwd=committed).stderr


def test_gen_validate_is_silent_about_an_environment_of_a_time_with_other_values(committed):
    file = committed / "environments/prod.yaml"
    now = file.read_text()
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    file.write_text("azure: {}\n")
    subprocess.run(["git", *who, "commit", "-qam", "Broken"], cwd=committed, check=True)
    file.write_text(now)
    said = gen("validate", cwd=committed).stderr
    assert NEWER not in said
    assert "Traceback" not in said
