"""A real, headless Chromium, spoken to over two pipes in its own protocol."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path


class Browser:
    """One page. What it logs and what it asks the network for is kept."""

    def __init__(self, inside: Iterable[str] = ()):
        """`inside` is a command that starts another one in the network that it shall see."""
        self.logged, self.requests, self.events, self.number = [], [], [], 0
        # Chromium's other processes outlive the killed one by a moment, and still write
        self.profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        to_it, self.commands = os.pipe()
        self.answers, from_it = os.pipe()

        def pipes():  # Chromium reads commands from 3 and writes answers to 4
            ours = os.dup(to_it), os.dup(from_it)
            os.dup2(ours[0], 3)
            os.dup2(ours[1], 4)

        self.process = subprocess.Popen(
            [*inside, "chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
             "--no-first-run", "--remote-debugging-pipe", "--disable-dev-shm-usage",
             f"--user-data-dir={self.profile.name}", "about:blank"],
            preexec_fn=pipes, close_fds=False, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_it)
        os.close(from_it)
        self.buffer, self.session = b"", None
        self.attach()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.commands)
        os.close(self.answers)
        self.profile.cleanup()

    def attach(self, **of_the_target):
        """Make a page, and speak with that one from here on."""
        self.session = None
        made = self.call("Target.createTarget", url="about:blank", **of_the_target)
        attached = self.call("Target.attachToTarget", targetId=made["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """Call a method of the protocol and return its result."""
        number = self.send(self.session, method, **parameters)
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def send(self, session, method, **parameters):
        """Call a method and do not wait for its result. Return its number."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        return self.number

    def _next(self):
        while b"\0" not in self.buffer:
            data = os.read(self.answers, 1 << 16)
            assert data, "Chromium ended"
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def _note(self, event):
        method, values = event["method"], event.get("params", {})
        self.events.append(method)
        if method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            self.logged.append(values)
        elif method == "Network.requestWillBeSent":
            self.requests.append(values["request"]["url"])

    def open(self, file: Path):
        """Load a page and wait until it is there."""
        self.events.clear()
        self.call("Page.navigate", url=file.as_uri())
        while "Page.loadEventFired" not in self.events:
            self._note(self._next())

    def run(self, expression):
        """Return what JavaScript makes of an expression."""
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, key, text=None):
        """Press one key, and let it go."""
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, " ": 32}
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "") if text is None else text
        common = {"key": key, "windowsVirtualKeyCode": codes.get(key, ord(key[0].upper()))}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def look(self, width, height=900, theme="light"):
        """Set the window's width and the colour scheme."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        feature = {"name": "prefers-color-scheme", "value": theme}
        self.call("Emulation.setEmulatedMedia", features=[feature])
