"""The documentation is true: links lead somewhere, the reference is the schema's."""

import re
import subprocess
import sys

import pytest

from tests.trees import ROOT

PAGES = [
    *(ROOT / f"{page}.md" for page in ("README", "CONTRIBUTING", "SECURITY")),
    *sorted((ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_the_reference_of_values_is_the_schemas():
    printed = subprocess.check_output(
        [sys.executable, "-m", "generator", "schema", "--format", "markdown"], text=True
    )
    assert (ROOT / "docs/values.md").read_text() == printed


@pytest.mark.parametrize("target", re.findall(r"`?make ([a-z-]+)", PAGES[1].read_text()))
def test_every_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
