"""Pictures of every page, wide and narrow, light and dark, and the README's.

    python tests/browser/screenshots.py OUT [HOME]

HOME is the folder of a studio with runs to show; without one the pages are those of a first start.
"""

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from browser.conftest import free_port, started, wait_until_up  # noqa: E402

TABS = ("Tools", "Examples", "Train", "Runs", "Results", "Playground")
SIZES = ((1280, 800), (390, 844))
SETTLED_MS = 1500


def open_page(page: Page, address: str, theme: str) -> None:
    page.goto(f"{address}/?__theme={theme}")
    page.locator(".cw-card").first.wait_for()


def main(out: Path, home: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    process = started(home, port, out / "app.log")
    try:
        wait_until_up(process, address, out / "app.log")
        with sync_playwright() as kit:
            path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
            browser = kit.chromium.launch(executable_path=path, args=["--no-sandbox"])
            for width, height in SIZES:
                for theme in ("light", "dark"):
                    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
                    open_page(page, address, theme)
                    for tab in TABS:
                        page.get_by_role("tab", name=tab).click()
                        page.wait_for_timeout(SETTLED_MS)
                        page.screenshot(
                            path=out / f"{tab.lower()}-{width}-{theme}.png", full_page=width < 500
                        )
                    page.context.close()
            page = browser.new_context(
                viewport={"width": 1280, "height": 760}, device_scale_factor=2
            ).new_page()
            open_page(page, address, "light")
            page.get_by_role("tab", name="Train").click()
            page.wait_for_timeout(SETTLED_MS)
            page.screenshot(path=out / "screenshot.png")
            browser.close()
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as empty:
        main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) == 3 else empty))
