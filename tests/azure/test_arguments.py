"""An option stands before or behind the command; another word is refused, and Azure not asked."""

import json

import pytest

pytestmark = pytest.mark.timeout(1200)


def test_a_dry_run_is_one_wherever_the_option_stands(script, azure):
    assert script.run("--dry-run", "apply").out == script.run("apply", "--dry-run").out != ""
    assert azure.control("requests") == []


def test_every_other_option_may_stand_first_too(applied, azure):
    assert json.loads(applied.run("--json", "outputs").out)["address"] is None
    azure.control("remove", id=azure.one("Microsoft.KubernetesConfiguration/extensions")["id"])
    applied.run("--check", "plan", status=3)
    asked = applied.run("--delete-data", "destroy", status=1)
    assert "This deletes prod AND ITS DATA" in asked.err
    assert azure.writes() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--check", "apply"), "unknown option --check\n"),
        (("apply", "--check"), "unknown option --check\n"),
        (("--dry-run", "apply", "--json"), "unknown option --json\n"),
        (("apply", "--dry-run", "--json"), "unknown option --json\n"),
        (("--dry-run",), ""),
        (("--json", "--dry-run"), ""),
        ((), ""),
    ],
)
def test_what_is_no_command_or_no_option_of_it(arguments, said, script, azure):
    refused = script.run(*arguments, status=2)
    assert refused.out == ""
    assert refused.err.startswith(f"{said}usage: ")
    assert azure.control("requests") == []


def test_help(script):
    assert script.run("--help").out.startswith("usage: ")
