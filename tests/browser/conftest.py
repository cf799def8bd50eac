"""The studio as a user has it: `app.py` in a process of its own, and Chromium that trusts nothing outside 127.0.0.1."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).parents[2]
START_SECONDS = 120
WAIT_MS = 60_000  # for what comes; a test that is right waits no longer than it must
SLOWER = float(os.environ.get("CALLWRIGHT_SLOW_BROWSER", "1"))  # 4: a browser that computes four times slower
# The editors that wait, each by its classes, what it places, and those of its parts: why it waits can be read there.
WAITING = """[...document.querySelectorAll('.cw-editor')]
  .filter(one => getComputedStyle(one).pointerEvents === 'none')
  .map(one => [one.className, one.dataset.placing ?? '', ...[...one.children].map(part => part.className),
               one.querySelector('.pending') ? 'pending' : ''].join(' | '))"""
playwright.expect.set_options(timeout=WAIT_MS)


@dataclass
class Studio:
    """A running studio: its address, its files, its log."""

    address: str
    home: Path
    log: Path


@dataclass
class Watched:
    """What a page must never do: fail, complain, or ask another host for something."""

    problems: list[str] = field(default_factory=list)
    leaving: bool = False

    def watch(self, page: playwright.Page) -> playwright.Page:
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("console", lambda said: said.type == "error" and self._said(said.text))
        page.on("request", lambda request: self._asked(request.url))
        return page

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """While a page is left, the answers it still waits for are cut off, and Gradio says so on the console."""
        self.leaving = True
        yield
        self.leaving = False

    def _said(self, text: str) -> None:
        if not (self.leaving and ("Connection errored out" in text or "AbortError" in text)):
            self.problems.append(f"console: {text}")

    def _asked(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.problems.append(f"request to another host: {url}")


def redrawn(page: playwright.Page) -> None:
    """Wait until no editor waits: what was pressed is answered, the new drawing listens, and the focus is placed."""
    try:
        page.wait_for_function(f"!{WAITING}.length", polling=100)
    except playwright.TimeoutError as error:
        raise AssertionError(f"These editors wait: {page.evaluate(WAITING)}") from error


def give(page: playwright.Page, *files: Path) -> None:
    """Give files to the panel that is open to take some; the hidden ones would take them too."""
    page.locator(".cw-bring").filter(visible=True).locator("input[type=file]").set_input_files(list(files))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(home: Path, port: int, log: Path, **more: str) -> subprocess.Popen:
    """The studio's process; its children outlive it, so whoever calls this ends them too."""
    environment = {
        **os.environ,
        "CALLWRIGHT_HOME": str(home),
        "GRADIO_SERVER_PORT": str(port),
        "HF_HUB_OFFLINE": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        **more,
    }
    environment.pop("GRADIO_SERVER_NAME", None)
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )


def wait_until_up(process: subprocess.Popen, address: str, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"app.py ended with {process.returncode}:\n{log.read_text()}")
        try:
            urllib.request.urlopen(f"{address}/config", timeout=2).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"app.py did not answer within {START_SECONDS} s:\n{log.read_text()}")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    home = tmp_path_factory.mktemp("home")
    log = home / "app.log"
    port = free_port()
    process = started(home, port, log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(process, address, log)
        yield Studio(address, home, log)
    finally:
        process.terminate()
        process.wait(60)
        end_children(home)
    assert "Traceback" not in log.read_text(), f"the studio failed behind the page:\n{log.read_text()}"


def end_children(home: Path) -> None:
    """End the model host and any run that a test left at work."""
    from core.jobs import queue
    from core.serving import client
    from core.settings import Settings
    from core.store import open_store, runs

    settings = Settings(home)
    client.stop(settings)
    with open_store(settings) as db:
        for run in runs.listed(db, states=("queued", *runs.WORKING)):
            queue.stop(settings, run.id)


@pytest.fixture(scope="session")
def chromium() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as kit:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = kit.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def watched() -> Iterator[Watched]:
    watch = Watched()
    yield watch
    assert not watch.problems, "\n".join(watch.problems)


@pytest.fixture
def page(chromium: playwright.Browser, watched: Watched) -> Iterator[playwright.Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    if SLOWER > 1:
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    yield watched.watch(page)
    context.close()
