"""The comment of `gen diff --format markdown`, as GitHub's own renderer reads it."""

import json
import subprocess
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import programs
from generator.review.formats import markdown
from generator.review.model import Level
from tests.review.reports import HOSTILE, environment, report
from tests.trees import ROOT

RENDER = """
import cmarkgfm, json, sys
from cmarkgfm.cmark import Options
for text in json.load(sys.stdin):
    html = cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)
    print(json.dumps(html))
"""
OURS = {"h3", "p", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "b"}
OURS |= {"ul", "li", "strong", "em", "code", "pre"}


def rendered(*texts):
    python = programs.find(ROOT, "cmark-gfm", "python", say=print)
    output = subprocess.run(
        [python, "-c", RENDER], input=json.dumps(texts), capture_output=True, text=True, check=True
    ).stdout
    return [json.loads(line) for line in output.splitlines()]


class Page(HTMLParser):
    """The elements of a page, and its text outside of code."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.code, self.prose, self.coded = [], 0, "", ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.code += tag in ("code", "pre")

    def handle_endtag(self, tag):
        self.code -= tag in ("code", "pre")

    def handle_data(self, data):
        if self.code:
            self.coded += data
        else:
            self.prose += data


def hostile(text):
    changed = environment(text, Level.DANGER, text, value=text)
    return report(changed, base=text, commit=text, notes=[text], unchanged=[text])


def assert_is_only_ours(text, page):
    assert {tag for tag, _ in page.elements} <= OURS
    attributes = [attrs for tag, attrs in page.elements if attrs and tag not in ("pre", "code")]
    assert attributes == []
    assert page.code == 0
    assert "@" not in page.prose, "a mention"
    assert "://" not in page.prose, "a link"
    assert "#" not in page.prose, "a reference"
    assert sum(tag == "td" for tag, _ in page.elements) == 3, "the table has one row"
    assert sum(tag == "details" for tag, _ in page.elements) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_value_is_only_code(text):
    page = Page(rendered(markdown.write(hostile(text)))[0])
    assert_is_only_ours(text, page)
    words = " ".join(text.split())
    assert words in " ".join(page.coded.split())


@settings(max_examples=25)
@given(
    st.lists(
        st.text(st.sampled_from("`|<>@#*_[]()!&\\\n\r\t ~-+=:'\"/a1"), min_size=1),
        min_size=4,
        max_size=4,
    )
)
def test_any_value_is_only_code(texts):
    texts = [text if text.strip() else f"{text}x" for text in texts]
    for text, page in zip(
        texts, rendered(*(markdown.write(hostile(text)) for text in texts)), strict=True
    ):
        assert_is_only_ours(text, Page(page))


@pytest.mark.parametrize("count", [1, 100, 1000])
def test_it_is_always_short_enough_and_says_where_the_rest_is(count):
    many = [
        environment(f"env-{number}", text="x" * 50, value="y\n" * 300, count=30)
        for number in range(count)
    ]
    text = markdown.write(report(*many))
    assert len(text) <= markdown.LONGEST < 65_536
    assert len(text.encode()) < 4 * 65_536
    page = Page(rendered(text)[0])
    assert {tag for tag, _ in page.elements} <= OURS
    opened = [tag for tag, _ in page.elements].count("details")
    assert text.count("</details>") == opened
    if count > 1:
        assert "the rest is in review.html" in text


def test_values_of_any_length_are_cut():
    page = markdown.write(hostile("z" * 1_000_000))
    assert len(page) <= markdown.LONGEST


def test_it_is_read_as_meant():
    text = markdown.write(report(environment("prod", Level.DOWNTIME, "web")))
    assert text.startswith(f"{markdown.MARKER}\n### 🟠 Merging this: downtime\n")
    assert "| `prod` | 🟠 downtime | `web` |\n" in text
    assert "- 🟠 **downtime**: `web` `web` (`restart`)\n  → `web`\n" in text
    assert "Nothing changes in `quiet`.\n" in text
    assert "    spec.web: old -> new\n" in text
    page = Page(rendered(text)[0])
    assert "downtime" in page.prose


def test_nothing_to_say_is_said():
    text = markdown.write(report())
    assert "Merging this: nothing changes" in text
