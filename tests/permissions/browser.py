"""A person's browser: it opens pages of the server, and keeps all that the server answered."""

import base64
import select
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tests.manifests.pods import PATIENCE
from tests.review.browser import Browser

_QUIET = 0.2  # seconds without an event, after which a page that does nothing is at rest
_IDLE = "new Promise((done) => requestIdleCallback(() => done()))"
_WORKERS = [{"type": "shared_worker"}]
_ATTACH = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
# MLflow 3's pages ask nothing while a browser has no network but the loopback.
_ONLINE = "Object.defineProperty(navigator, 'onLine', {get: () => true})"
_UNSHOWN = "[...document.images].filter((i) => i.complete && !i.naturalWidth).map((i) => i.src)"


class Answer(NamedTuple):
    """What the server said to a request of a page."""

    method: str
    url: str
    status: int


@dataclass
class Seen:
    """What came of one visit. Requests have ids of the browser's."""

    text: str = ""
    """What the page shows."""
    answers: dict[str, Answer] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    """The ids of what the page's scripts were answered: more than it shows."""
    pending: dict[str, str] = field(default_factory=dict)
    """The method of each request that has no answer yet."""
    broken: list[str] = field(default_factory=list)
    """Requests without an answer, errors on the console, and images that cannot be shown."""

    @property
    def refused(self) -> set[Answer]:
        return {answer for answer in self.answers.values() if answer.status >= 400}


class Visitor(Browser):
    """One browser for many people: what one of them has kept is nobody else's."""

    def __init__(self, inside: Iterable[str]) -> None:
        self.seen, self.workers, self.headers = Seen(), set[str](), {}
        super().__init__(inside)
        self.session = None
        self.call("Target.setAutoAttach", **_ATTACH, filter=_WORKERS)

    def become(self, name: str, password: str) -> None:
        """Ask as this person from here on."""
        key = base64.b64encode(f"{name}:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {key}"}
        self.session = None
        context = self.call("Target.createBrowserContext")["browserContextId"]
        self.attach(browserContextId=context)
        self.look(1400, 1000)
        self.call("Network.setExtraHTTPHeaders", headers=self.headers)
        self.call("Page.addScriptToEvaluateOnNewDocument", source=_ONLINE)

    def visit(self, url: str, texts: Iterable[str]) -> Seen:
        """Go to a page, and return what came of it once it shows the texts and is at rest."""
        self.seen = seen = Seen()
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + PATIENCE
        self._rest()
        while missing := [text for text in texts if text not in seen.text]:
            assert not seen.refused, f"{url} lacks {missing}: {seen.refused}"
            assert time.monotonic() < deadline, f"{url} lacks {missing}: {seen}"
            self._rest()
        seen.broken += self.run(_UNSHOWN)
        return seen

    def told(self) -> str:
        """Return all that the page's scripts were told during the last visit."""
        found = (self.call("Network.getResponseBody", requestId=one) for one in self.seen.told)
        return "\n".join(one["body"] for one in found if not one["base64Encoded"])

    def picture(self, file: Path) -> None:
        """Write what the window shows as PNG."""
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def _rest(self) -> None:
        """Keep what comes until nothing is under way, and nothing new begins."""
        while self.seen.pending or self._begins():
            assert self._comes(PATIENCE), f"no answer: {self.seen}"
            self._note(self._next())
        self.seen.text = self.run("document.body.innerText")

    def _begins(self) -> bool:
        """Whether a page that has time to begin something new does so."""
        self.run(_IDLE)
        return self._comes(_QUIET)

    def _comes(self, seconds: float) -> bool:
        return b"\0" in self.buffer or bool(select.select([self.answers], [], [], seconds)[0])

    def _note(self, event: dict[str, Any]) -> None:
        if "id" in event:  # the answer to what was only sent
            return
        super()._note(event)
        session = event.get("sessionId")
        if event["method"] == "Target.attachedToTarget":
            self._let_work(event["params"])
        elif session == self.session or session in self.workers:
            _keep(self.seen, event["method"], event["params"])
            if event["method"] == "Network.loadingFinished" and session == self.session:
                self._keep_told(event["params"]["requestId"])

    def _keep_told(self, number: str) -> None:
        answer = self.seen.answers.get(number)
        if answer and "/static-files/" not in answer.url:
            self.seen.told.append(number)

    def _let_work(self, values: dict[str, Any]) -> None:
        """Have a page's worker, which waits for this, ask as the person too."""
        if values["waitingForDebugger"]:
            session = values["sessionId"]
            self.workers.add(session)
            self.seen.pending.pop(values["targetInfo"]["targetId"], None)  # its script is there
            self.send(session, "Network.enable")
            self.send(session, "Network.setExtraHTTPHeaders", headers=self.headers)
            self.send(session, "Runtime.runIfWaitingForDebugger")


def _keep(seen: Seen, event: str, values: dict[str, Any]) -> None:
    number = values.get("requestId", "")
    match event:
        case "Network.requestWillBeSent" if values["request"]["url"].startswith("http"):
            seen.pending[number] = values["request"]["method"]
        case "Network.responseReceived" if number in seen.pending:
            response = values["response"]
            method = seen.pending[number]
            seen.answers[number] = Answer(method, response["url"], response["status"])
        case "Network.loadingFinished":
            seen.pending.pop(number, None)
        case "Network.loadingFailed" if number in seen.pending:
            method = seen.pending.pop(number)
            if not values.get("canceled"):  # by a page that was left
                seen.broken.append(f"{method} {seen.answers.get(number)}: {values['errorText']}")
        case "Runtime.exceptionThrown":
            seen.broken.append(str(values["exceptionDetails"]))
        case "Log.entryAdded" if values["entry"]["level"] == "error":
            entry = values["entry"]
            if entry["source"] != "network":  # an answer, which is kept
                seen.broken.append(f"{entry['text']} {entry.get('url')}")
