"""The page of `gen diff --format html`, in a real browser."""

import re

import pytest

from generator.review.formats import html
from generator.review.model import Level
from tests.review.browser import Browser
from tests.review.reports import HOSTILE, environment, report


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture
def show(browser, tmp_path):
    def show(shown):
        file = tmp_path / "report.html"
        file.write_text(html.write(shown), "utf-8")
        browser.logged.clear()
        browser.requests.clear()
        browser.look(1400)
        browser.open(file)
        return file

    return show


def visible(browser, selector):
    """The texts of the elements that are shown."""
    return browser.run(
        f"[...document.querySelectorAll({selector!r})].filter(e => e.checkVisibility())"
        ".map(e => e.textContent.trim())"
    )


THREE = report(
    environment("prod", Level.DANGER, "postgresql"),
    environment("staging", Level.RESTART, "web"),
    environment("dev", Level.NO_RESTART, "settings"),
)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_it_asks_nobody_logs_nothing_and_fits(browser, show, width, theme):
    file = show(THREE)
    browser.look(width, theme=theme)
    browser.run("new Promise(requestAnimationFrame)")
    assert browser.logged == []
    assert browser.requests == [file.as_uri()]
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    cells = "[...document.querySelectorAll('.overview li *')]"
    over = f"{cells}.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
    assert browser.run(over) == []
    light = browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert light == (theme == "light")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_verdict_can_be_read(browser, show, theme):
    """Contrast with the paper, as WCAG counts it: at least 4.5."""
    show(report(*(environment(f"e{level}", Level(level)) for level in range(6))))
    browser.look(1400, theme=theme)
    ratios = browser.run(
        """(() => {
          const light = (rgb) => rgb.match(/[0-9.]+/g).slice(0, 3).map((c) => c / 255)
            .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
          const paper = light(getComputedStyle(document.body).backgroundColor);
          const texts = [...document.querySelectorAll(".verdict, .soft, .overview a, .cure")];
          return texts.map((e) => light(getComputedStyle(e).color)).map((ink) =>
            (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05));
        })()"""
    )
    assert len(ratios) > 12
    assert min(ratios) >= 4.5


def test_search_works_by_keyboard(browser, show):
    show(THREE)
    browser.press("/")
    for letter in "postgres":
        browser.press(letter)
    browser.run(
        """new Promise((done) => {
          const count = document.querySelector("#count");
          const found = () => count.textContent === '2 found';
          const look = () => (found() ? done() : requestAnimationFrame(look));
          look();
        })"""
    )
    assert browser.run("document.activeElement.id") == "search"
    assert visible(browser, "section h2") == ["prod"]
    assert visible(browser, ".overview a") == ["prod"]
    browser.press("Escape")
    assert visible(browser, "section h2") == ["prod", "staging", "dev"]


def test_folding_works_by_keyboard(browser, show):
    show(THREE)
    browser.run("document.querySelector('summary').focus()")
    assert len(visible(browser, ".findings")) == 3
    browser.press("Enter")
    assert len(visible(browser, ".findings")) == 2
    browser.press("Enter")
    assert len(visible(browser, ".findings")) == 3
    browser.run("document.querySelector('#fold').focus()")
    browser.press("Enter")
    assert visible(browser, ".findings") == []
    browser.run("document.querySelector('#open').focus()")
    browser.press("Enter")
    assert len(visible(browser, "dl")) == 3


def test_it_shows_what_changes(browser, show):
    show(THREE)
    browser.run("document.querySelector('#open').click()")
    assert visible(browser, "del") == ["old"] * 3
    assert visible(browser, "ins") == ["new"] * 3
    assert visible(browser, "pre .minus") == ["-two"] * 3
    assert visible(browser, "pre .plus") == ["+new"] * 3


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_value_is_only_text(browser, show, text):
    changed = environment(text, Level.DANGER, text, value=text)
    file = show(report(changed, base=text, commit=text, notes=[text], unchanged=[text]))
    browser.run("document.querySelector('#open').click()")
    assert browser.run("document.title") == "dangerous: what merging does"
    assert browser.logged == []
    assert browser.requests == [file.as_uri()]
    names = "script, style, img, a[href^=http], [onerror], [onmouseover]"
    assert browser.run(f"document.querySelectorAll({names!r}).length") == 2, "ours alone"
    assert browser.run("document.querySelector('section .findings b').textContent") == text


def test_a_hundred_environments_are_painted_within_two_seconds(browser, show):
    many = [environment(f"env-{number}", text=f"web-{number}", count=20) for number in range(100)]
    show(report(*many))
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    waited = f"new Promise(done => {{ const look = () => {paint} ? done({paint}) : "
    assert browser.run(f"{waited}requestAnimationFrame(look); look(); }})") < 2000  # milliseconds
    assert len(visible(browser, "section h2")) == 100


def test_nothing_else_is_inside():
    page = html.write(THREE)
    assert re.findall(r"(?:src|href)=\"(?!#|data:,)", page) == []
    assert re.findall(r"url\(|@import", page) == []
