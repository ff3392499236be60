"""Renovate moves versions where they stand; pre-commit runs what make runs."""

import json
import re

import pytest
import yaml

from generator import environment
from generator.environment.mlflow import Image
from tests.trees import ROOT

RENOVATE = json.loads((ROOT / ".github/renovate.json").read_text())
IMAGES, POSTGRESQL = RENOVATE["customManagers"]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]


def files(manager):
    [pattern] = manager["managerFilePatterns"]
    tracked = [path for top in ("environments", "apps") for path in (ROOT / top).rglob("*.yaml")]
    names = [str(path.relative_to(ROOT)) for path in tracked]
    return [name for name in names if re.search(pattern.strip("/").replace(r"\/", "/"), name)]


def found(manager, text):
    [pattern] = manager["matchStrings"]
    return [match.groupdict() for match in re.finditer(pattern.replace("(?<", "(?P<"), text)]


def test_the_image_moves_in_every_environment_and_in_nothing_that_is_rendered():
    assert files(IMAGES) == [str(environment.path(name)) for name in _by_folder(files(IMAGES))]
    assert len(files(IMAGES)) == len(environment.names(ROOT))
    for env in environment.load(ROOT):
        [match] = found(IMAGES, (ROOT / environment.path(env.name)).read_text())
        image = env.apps.mlflow.image
        assert (match["depName"] or Image().name, match["currentValue"]) == (image.name, image.tag)


def _by_folder(names):
    return [name.rpartition("/")[2].removesuffix(".yaml") for name in names]


@pytest.mark.parametrize(
    ("image", "name", "tag", "digest"),
    [
        ("\n    image:\n      tag: 2.22.0\n", None, "2.22.0", None),
        ("\n    image:\n      tag: '3.10' # why\n", None, "3.10", None),
        ('\n    image:\n      name: a/b # c\n      tag: "1"\n', "a/b", "1", None),
        (f"\n  image:\n   tag: 1\n   digest: sha256:{'0' * 64}\n", None, "1", f"sha256:{'0' * 64}"),
    ],
)
def test_a_tag_is_found_however_it_is_written(image, name, tag, digest):
    assert found(IMAGES, image) == [{"depName": name, "currentValue": tag, "currentDigest": digest}]


def test_postgresql_moves_in_the_base():
    [file] = files(POSTGRESQL)
    matches = found(POSTGRESQL, (ROOT / file).read_text())
    assert len(matches) >= 1
    assert all(match["currentValue"].startswith("17.") for match in matches)


def test_nothing_rendered_is_read():
    assert set(RENOVATE["enabledManagers"]) == {
        *("custom.regex", "github-actions", "gomod", "npm", "pip-compile")
    }


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_what_make_runs(hook):
    target = re.match(r"make ([a-z-]+)", hook["entry"])[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert hook["language"] == "system"
    tracked = [str(path.relative_to(ROOT)) for path in ROOT.glob("*/**/*.*") if path.is_file()]
    assert any(re.search(hook["files"], name) for name in tracked)
