"""The banner with what was found when Callwright started."""

from core.settings import Settings
from core.store import repair
from core.store.repair import Notice
from studio.ui import build
from studio.views import notice


def test_the_banner_says_what_and_where_and_can_be_dismissed():
    drawn = notice.banner(Notice("Repaired: <3 rows>.", "Look.", "/home/x"))
    assert "<b>Repaired: &lt;3 rows&gt;.</b> Look." in drawn
    assert "Where: /home/x" in drawn
    assert 'data-do="dismiss"' in drawn
    assert notice.banner(None) == ""


def test_the_page_shows_the_notice_until_it_is_dismissed(tmp_path):
    settings = Settings(tmp_path / "home")
    settings.home.mkdir()
    settings.database.write_bytes(b"this is no database, and nothing in it can be read" * 200)
    page = build(settings)
    load, dismiss = (
        next(fn.fn for fn in page.fns.values() if fn.fn and fn.fn.__qualname__ == f"build.<locals>.{name}")
        for name in ("on_load", "on_dismiss")
    )
    assert load() == ""
    told = repair.check_at_start(settings)
    assert told.where in load() and "has been repaired" in load()
    assert load() == load(), "a reload shows it again"
    assert dismiss() == load() == ""
