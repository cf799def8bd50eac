"""Between Gradio's events and our functions: errors as sentences, clicks in our own HTML, plumbing kept private."""

import base64
import functools
import inspect
import json
import logging
import secrets
import time
from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr
from gradio.events import Dependency

from core.errors import StudioError
from studio.text import t

log = logging.getLogger("callwright.studio")

# What every event of the page has in common: nothing of it is an API, and no output shows that it waits. Without the
# empty list Gradio looks up every output of every event in the page's tree whenever any event is sent, hidden or not:
# two thirds of what a browser computed while the page was loaded.
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "show_progress_on": []}

# One listener on the element that Gradio keeps; what is inside may be redrawn at any time, so the focus, the scroll
# positions and the folds that the user opened are put back by their data-key. Once for the page: whatever leaves an
# editor (data-leaves) asks first where something is not saved; and what the stylesheet shows as waiting (an editor, see
# `asking`; the pages, see `opening`) takes neither presses nor text, which would be lost with the old drawing.
BRIDGE = """
if (!window.callwright) {
  window.callwright = true;
  const editor = () => [...document.querySelectorAll('.cw-editor')].find(one => one.offsetParent);
  const unlessWaiting = event => {
    const one = event.target.closest && event.target.closest('.cw-editor, [role=tabpanel]');
    if (!one || getComputedStyle(one).pointerEvents !== 'none') return;
    const passes = event.key === 'Tab' || event.key === 'Escape' || event.ctrlKey || event.metaKey;
    if (event.type === 'keydown' && passes) return;
    event.preventDefault(); event.stopImmediatePropagation(); };
  for (const kind of ['click', 'keydown', 'beforeinput', 'paste']) document.addEventListener(kind, unlessWaiting, true);
  document.addEventListener('input', event => {
    const one = event.target.closest('.cw-editor'); const draft = one && one.querySelector('.cw-draft');
    if (draft) one.dataset.touched = draft.dataset.revision; }, true);
  document.addEventListener('click', event => {
    if (!event.target.closest('[data-leaves], .cw-leaves')) return;
    const one = editor(); const draft = one && one.querySelector('.cw-draft');
    const unsaved = draft && (draft.dataset.unsaved || one.dataset.touched === draft.dataset.revision);
    if (unsaved && !confirm(draft.dataset.ask)) { event.stopImmediatePropagation(); event.preventDefault(); return; }
    if (one && window.innerWidth <= 760) setTimeout(() => one.scrollIntoView({behavior: 'smooth'}), 500);
  }, true);
}
const open = new Map(); let focused = null; const scrolled = new Map();
element.addEventListener('click', event => {
  const button = event.target.closest('[data-do]');
  if (button && element.contains(button)) { event.preventDefault(); trigger('act', {...button.dataset}); }
});
element.addEventListener('focusin', event => { focused = event.target.dataset ? event.target.dataset.key : null; });
element.addEventListener('focusout', event => { if (event.relatedTarget || document.hasFocus()) setTimeout(() => {
  if (document.activeElement !== document.body && !element.contains(document.activeElement)) focused = null; }); });
element.addEventListener('toggle', event => {
  if (event.target.dataset.key) open.set(event.target.dataset.key, event.target.open); }, true);
element.addEventListener('scroll', event => {
  if (event.target.dataset && event.target.dataset.key) {
    const box = event.target; const end = box.scrollHeight - box.scrollTop - box.clientHeight < 8;
    scrolled.set(box.dataset.key, end && box.dataset.follow ? 'end' : [box.scrollLeft, box.scrollTop]);
  } }, true);
const restore = () => {
  for (const fold of element.querySelectorAll('details[data-key]'))
    if (open.has(fold.dataset.key)) fold.open = open.get(fold.dataset.key);
  for (const box of element.querySelectorAll('[data-scroll]')) {
    const was = scrolled.get(box.dataset.key);
    if (was === 'end' || (!was && box.dataset.follow)) box.scrollTop = box.scrollHeight;
    else if (was) [box.scrollLeft, box.scrollTop] = was;
  }
  if (focused && (document.activeElement === document.body || !document.activeElement)) {
    const again = element.querySelector(`[data-key="${CSS.escape(focused)}"]`);
    if (again) again.focus({preventScroll: true});
  }
};
watch('value', restore); restore();
"""

# Leaving the field of the project is an input too: the pages wait only where it names another than the open one.
OPENING = """
(project, ...more) => {
  if (document.querySelector('[data-opened]')?.dataset.opened !== project)
    document.querySelector('#cw-main').dataset.opening = '';
  return [project, ...more];
}
"""
OPENED = "() => { delete document.querySelector('#cw-main').dataset.opening; }"

# A file of the browser's own making: nothing is written on the server, and no path of it is told.
SAVE_FILE = """
text => {
  const file = text && JSON.parse(text);
  if (!file || file.at === window.callwrightSaved) return;
  window.callwrightSaved = file.at;
  const link = document.createElement('a');
  const bytes = Uint8Array.from(atob(file.data), one => one.charCodeAt(0));
  link.href = URL.createObjectURL(new Blob([bytes], {type: file.type}));
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
"""


def lamp() -> gr.HTML:
    """What is lit while an event of an editor is under way; nobody sees it. The editor renders it."""
    return gr.HTML(elem_classes="cw-lamp", render=False)


def asking(lit: gr.HTML) -> dict[str, Any]:
    """What every event has that may draw an editor anew.

    Between the press and the new drawing, what is on the page is the old drawing: the server knows its buttons no
    more, and what is typed into it is lost. So the editor waits, by the stylesheet: while the lamp is lit (Gradio
    marks it as pending for the whole event), while gr.render draws, and until the focus is where it belongs.
    """
    return {**PRIVATE, "show_progress": "minimal", "show_progress_on": lit}


def opening(event: Callable[..., Dependency], *wiring: Any) -> Dependency:
    """Wire what opens a project, given first; until it is drawn, the pages wait.

    A panel that was opened meanwhile, for the project that goes, would be closed by the drawing of the one that comes.
    """
    drawn = event(*wiring, js=OPENING, **PRIVATE)
    drawn.then(None, None, None, js=OPENED, **PRIVATE)
    return drawn


def in_turn(place: str) -> dict[str, Any]:
    """What every event has that draws the same place: they go one after the other.

    A drawing that was begun before a press would put back what was looked at before it.
    """
    return {**PRIVATE, "concurrency_id": place, "concurrency_limit": 1}


def html(value: str = "", **options: Any) -> gr.HTML:
    """Our own HTML in the page; `.act(handler)` is called when an element with data-do in it is clicked."""
    return gr.HTML(value, js_on_load=BRIDGE, **options)


def acted(event: gr.EventData) -> dict[str, str]:
    """What was clicked, as text by name. It comes from the browser: look everything up again."""
    data = event._data if isinstance(event._data, dict) else {}
    return {str(name): str(value)[:500] for name, value in data.items()}


def shown(handler: Callable) -> Callable:
    """A handler whose errors reach the user as a sentence: ours as they are, all others by a reference in the log."""
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def stepping(*args: Any, **kwargs: Any) -> Any:
            try:
                yield from handler(*args, **kwargs)
            except Exception as error:
                raise as_toast(error) from None

        return stepping

    @functools.wraps(handler)
    def calling(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except Exception as error:
            raise as_toast(error) from None

    return calling


def as_toast(error: Exception) -> gr.Error:
    """The error in the form that Gradio shows; its text is HTML there, so it is escaped."""
    if isinstance(error, gr.Error):
        return error
    if isinstance(error, StudioError):
        text = f"{error.message} {error.hint}".strip()
        return gr.Error(escape(text), title=t("error.title"), duration=12, print_exception=False)
    reference = secrets.token_hex(4)
    log.error("unexpected error %s", reference, exc_info=error)
    text = escape(t("error.unexpected", reference=reference))
    return gr.Error(text, title=t("error.title"), duration=12, print_exception=False)


def to_save(name: str, kind: str, data: bytes) -> str:
    """A file for the browser to save by SAVE_FILE, from a hidden Textbox."""
    return json.dumps(
        {"name": name, "type": kind, "data": base64.b64encode(data).decode(), "at": time.time()}
    )
