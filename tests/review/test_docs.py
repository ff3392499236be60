"""docs/review.md says what the code says: every rule, every verdict, the form of the JSON."""

import json
import re
import textwrap

from generator.review import report
from generator.review.model import Level
from generator.review.rules import RULES
from tests.trees import ROOT

PAGE = (ROOT / "docs/review.md").read_text()


def test_every_rule_is_described_in_its_own_words():
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(name, " ".join(rule.__doc__.split())) for name, rule in RULES.items()]


def test_every_verdict_is_there_in_order():
    rows = re.findall(r"^\| ([a-z ,]+) \| ", PAGE, re.MULTILINE)
    words = [level.words for level in Level]
    assert [row for row in rows if row in words] == words


def test_the_example_of_the_json_is_one():
    block = re.search(r"    \{\"version\".*?\n\n", PAGE, re.DOTALL)[0]
    text = textwrap.dedent(block)
    assert report.read(text.encode()).environments[0].changes[0].kind == "Deployment"
    assert json.loads(text).keys() == report.Report.model_fields.keys()
