"""A headless Chromium, driven over its DevTools protocol: what a person would see in the Dagster UI, for tests and pictures."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium")


class Page:
    """One page of the browser."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)

    def _send(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv(timeout=60))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url: str, *, width: int = 1500, height: int = 1000) -> None:
        self._send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._send("Page.navigate", url=url)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        return self._send("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait_for(self, *texts: str, seconds: float = 60) -> str:
        """The page's text, once it has all of these."""
        until = time.monotonic() + seconds
        while True:
            seen = str(self.ask("document.body ? document.body.innerText : ''"))
            missing = [text for text in texts if text not in seen]
            if not missing:
                return seen
            assert time.monotonic() < until, f"not on the page: {missing}; it says:\n{seen}"
            time.sleep(0.25)

    def click(self, text: str) -> None:
        """Click the first of the innermost elements that say exactly this."""
        self.wait_for(text)
        clicked = self.ask(
            f"""(() => {{
                const says = one => one.innerText && one.innerText.trim() === {json.dumps(text)};
                const found = [...document.querySelectorAll('*')].find(one => says(one) && ![...one.children].some(says));
                if (found) found.click();
                return Boolean(found);
            }})()"""
        )
        assert clicked, f"nothing to click says {text!r}"

    def screenshot(self, path: Path) -> None:
        time.sleep(1)
        path.write_bytes(base64.b64decode(self._send("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def browser() -> Iterator[Page]:
    """A browser with one empty page; ended with the context."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                str(CHROMIUM),
                *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
                *("--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            port = _port(Path(profile) / "DevToolsActivePort")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
                (page,) = [one for one in json.load(answer) if one["type"] == "page"]
            with connect(page["webSocketDebuggerUrl"], max_size=None) as connection:
                yield Page(connection)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _port(file: Path) -> int:
    for _ in range(120):
        if file.exists() and (written := file.read_text()):
            return int(written.splitlines()[0])
        time.sleep(0.25)
    raise TimeoutError("Chromium did not open its debugging port")
