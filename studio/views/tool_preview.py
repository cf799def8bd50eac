"""What saving a tool would do to its examples, in words and as marked changes, before anything is written."""

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from core.errors import StudioError
from core.importers.strict_json import strict
from core.schema import Example, Tool, ToolCall
from core.schema.call import same_value
from core.schema.conversion import Misfit, converted
from core.schema.migration import Plan
from core.schema.parameters import join, paths
from studio.text import t
from studio.views.pieces import h, short
from studio.views.tool_form import allowed_values, kind_of

Digest = dict[str, Any]
SHOWN = 5  # examples, of those that change and of those that cannot
NAME, END = "\ue000", "\ue001"  # around a name in a sentence, until it is HTML


def digest(plan: Plan, tool: Tool, offered: Mapping[str, str], taken: Iterable[str]) -> Digest:
    """The part of a plan that the page keeps and shows.

    `offered` maps parameters that are gone to new ones that may be meant; `taken` are those that follow.
    """
    schemas = dict(paths(tool.parameters))
    return {
        "calling": plan.kept + plan.touched,
        "kept": plan.kept,
        "changed": len(plan.changed),
        "sentences": [(change.kind, change.path, change.to, change.calls) for change in plan.summary],
        "kinds": {path: kind_of(schema) for path, schema in schemas.items()},
        "needs": [(path, len(rows), schemas[path]) for path, rows in plan.needs.items()],
        "broken": [(one.example.id, one.sentence) for one in plan.broken[:SHOWN]],
        "broken_rows": len({id(one.example) for one in plan.broken}),
        "pairs": [_pair(before, after) for before, after in plan.changed[:SHOWN]],
        "offered": dict(offered),
        "taken": list(taken),
        "fills": {},
    }


def _pair(before: Example, after: Example) -> Digest:
    calls = [
        (a.to_json(), b.to_json())
        for a, b in zip(_calls(before), _calls(after), strict=True)
        if a.name != b.name or not same_value(a.arguments, b.arguments)
    ]
    return {"id": before.id, "prompt": before.prompt, "calls": calls}


def _calls(example: Example) -> list[ToolCall]:
    return [*(call for turn in example.turns for call in turn.calls), *example.calls]


def words(preview: Digest) -> str:
    """The head of the card: what happens, a sentence for each kind of change."""
    lines = [_said(f"tool.change.{kind}", preview, path, to, n) for kind, path, to, n in preview["sentences"]]
    if preview["kept"]:
        lines.append(h(t("tool.change.kept", n=preview["kept"])))
    items = "".join(f"<li>{line}</li>" for line in lines)
    return (
        f"<h2>{h(t('tool.preview.title'))}</h2>"
        f"<p>{h(t('tool.preview.lead', n=preview['calling']))}</p><ul class='cw-changes'>{items}</ul>"
    )


def _said(key: str, preview: Digest, path: str, to: str, n: int) -> str:
    kind = t(f"kind.{preview['kinds'][to]}") if to in preview["kinds"] else ""
    return _html(t(key, path=f"{NAME}{path}{END}", to=f"{NAME}{to}{END}", kind=kind, n=n))


def _html(sentence: str) -> str:
    return h(sentence).replace(NAME, '<b class="mono">').replace(END, "</b>")


def lacking(path: str, n: int) -> str:
    """The sentence above the field for a value that is required from now on."""
    return f"<p>{_html(t('tool.preview.lacking', path=f'{NAME}{path}{END}', n=n))}</p>"


def broken(preview: Digest) -> str:
    """The examples that cannot follow."""
    items = "".join(
        f"<li>{h(t('example.title', id=number))}: {h(sentence)}</li>"
        for number, sentence in preview["broken"]
    )
    more = preview["broken_rows"] - len({number for number, _ in preview["broken"]})
    rest = f"<p>{h(t('bring.more', n=more))}</p>" if more > 0 else ""
    told = h(t("tool.preview.broken", n=preview["broken_rows"]))
    return f'<div class="cw-problem"><p>{told}</p><ul>{items}</ul>{rest}</div>'


def pairs(preview: Digest) -> str:
    """Up to five examples with what goes and what comes marked."""
    cards = "".join(_card(pair) for pair in preview["pairs"])
    more = preview["changed"] - len(preview["pairs"])
    rest = f'<p class="sub">{h(t("tool.preview.more", n=more))}</p>' if more > 0 else ""
    return f'<div class="cw-pairs">{cards}</div>{rest}'


def _card(pair: Digest) -> str:
    calls = "".join(_marked(before, after) for before, after in pair["calls"]) or (
        f'<p class="sub">{h(t("tool.preview.result"))}</p>'
    )
    title = f'<span class="sub">{h(t("example.title", id=pair["id"]))}</span> {h(short(pair["prompt"], 120))}'
    return f'<div class="cw-pair"><p>{title}</p>{calls}</div>'


def _marked(before: Digest, after: Digest) -> str:
    """One call, before and after in one: `del` for what goes, `ins` for what comes."""
    name = h(after["name"])
    if before["name"] != after["name"]:
        name = f"<del>{h(before['name'])}</del> <ins>{name}</ins>"
    old, new = list(_lines(before["arguments"])), list(_lines(after["arguments"]))
    parts = []
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            parts += [f"<span>{h(line)}</span>" for line in old[a:b]]
            continue
        for gone, came in zip_longest(old[a:b], new[c:d]):
            parts += [f"<del>{h(gone)}</del>"] * (gone is not None) + [f"<ins>{h(came)}</ins>"] * (
                came is not None
            )
    return f'<div class="cw-marked mono"><b>{name}</b>{"".join(parts)}</div>'


def _lines(value: Any, path: str = "") -> Iterator[str]:
    """Arguments as lines, one a value: `stops.1.nights: 2`."""
    inside = (
        value.items() if isinstance(value, dict) else enumerate(value, 1) if isinstance(value, list) else ()
    )
    for name, part in inside:
        yield from _lines(part, join(path, str(name)))
    if path and not inside:
        yield f"{path}: {short(json.dumps(value, ensure_ascii=False), 200)}"


def fill_value(text: str, schema: dict[str, Any], path: str) -> Any:
    """The value typed for a parameter that is required now. Raises StudioError with the path as its place."""
    kind = kind_of(schema)
    try:
        if kind in ("other", "group", "list_group"):
            return converted(strict(text), schema)
        return converted(allowed_values(text) if kind.startswith("list_") else text, schema)
    except Misfit as misfit:
        raise StudioError(f"{path} {misfit}.", t("tool.preview.mend"), path) from None
    except ValueError as error:
        raise StudioError(
            f"{path}: {t('tool.bad_json', reason=error)}", t("tool.bad_json_hint"), path
        ) from None
