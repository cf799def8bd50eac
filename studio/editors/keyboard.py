"""An editor by keyboard: one listener for the page, and the focus after each drawing.

Every change draws the editor anew, and what had the focus goes with the old drawing. So the drawing's head carries
this script: it puts the focus where the draft wants it, or else back to the part of the same kind and name. Until
then the editor waits: a focus that moves between two keys would take the second one along.
"""

from studio.views.pieces import h


def focus_mark(place: str) -> str:
    """What tells this script where the focus belongs: a selector, or nothing where it is to stay where it was."""
    return f'<i hidden class="cw-focus" data-focus="{h(place)}"></i>'


KEYS = """
if (!window.callwrightKeys) {
  const keys = window.callwrightKeys = {part: null};
  const fields = 'textarea, input:not([type=file]), button, [contenteditable=true]';
  const label = part => part.getAttribute('aria-label')
    || (part.closest('label') || part.closest('.block') || part).innerText || '';
  const named = part => [part.tagName, part.type, part.type === 'radio' ? part.value : '', label(part).trim()].join();
  const alike = (editor, name) => [...editor.querySelectorAll(fields)].filter(part => named(part) === name);
  const shown = () => [...document.querySelectorAll('.cw-editor')].find(one => one.offsetParent);
  const press = (editor, name) => {
    const button = editor.querySelector(`button.${name}`);
    if (button) button.click();
  };
  document.addEventListener('focusin', event => {
    const editor = event.target.closest('.cw-editor');
    const part = event.target.closest(fields);
    const name = editor && part ? named(part) : null;
    keys.part = name && {editor, name, place: alike(editor, name).indexOf(part)};
  });
  document.addEventListener('keydown', event => {
    // A list that was chosen from gives the focus away to nobody.
    const left = event.target === document.body && keys.part ? keys.part.editor : null;
    const inside = event.target.closest('.cw-editor') || left;
    const editor = inside || shown();
    const control = event.ctrlKey || event.metaKey;
    const step = event.altKey && !control && {ArrowUp: 'cw-previous', ArrowDown: 'cw-next'}[event.key];
    const list = event.target.closest('.cw-which');
    if (list && event.key === 'Enter' && !control) {
      const was = event.target.value;
      setTimeout(() => { if (event.target.value !== was) press(list.closest('.cw-editor'), 'cw-chosen'); }, 100);
    }
    const saves = inside && control && event.key === 'Enter';
    const name = saves ? 'cw-save' : step;
    if (!editor || !name || !editor.querySelector(`button.${name}`)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!event.repeat) press(editor, name);
  }, true);
  keys.drawn = (editor, wish) => {
    const place = wish && editor.querySelector(wish);
    const wanted = place && (place.matches(fields) ? place : place.querySelector('textarea, input'));
    if (wanted) { wanted.focus(); return; }
    const lost = !document.activeElement || document.activeElement === document.body;
    if (!lost || !keys.part || keys.part.editor !== editor) return;
    const same = alike(editor, keys.part.name);
    const again = same[Math.min(keys.part.place, same.length - 1)];
    if (!again) return;
    again.focus({preventScroll: true});
    // A list opens when it gets the focus; here nobody asked for it.
    if (again.role === 'combobox') again.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}));
  };
}
const wish = element.querySelector('.cw-focus').dataset.focus;
const editor = element.closest('.cw-editor');
editor.dataset.placing = wish;
// The rest of the drawing comes after its head; a kind of field that was never drawn before is fetched first.
const place = left => {
  if (wish && left && !editor.querySelector(wish)) { setTimeout(place, 20, left - 1); return; }
  window.callwrightKeys.drawn(editor, wish);
  delete editor.dataset.placing;
};
setTimeout(place, 0, 50);
"""
