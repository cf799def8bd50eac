"""What the model sees of an example, token by token, what fits into a row, and why a start is refused."""

from collections.abc import Sequence
from itertools import groupby

from core.prompt.budget import Budget
from core.prompt.gate import Refusal
from core.prompt.lens import Piece, Seen, Token
from studio.text import t
from studio.views.pieces import act, empty, fold, h, pill, short


def nothing() -> str:
    """Where there is no example to look at."""
    return empty(t("lens.empty_title"), t("lens.empty_body"))


def lens(seen: Seen, model: str) -> str:
    """One example: its tokens where they can be counted, else its text; and how the longest one fills the limit."""
    if seen.state == "here":
        return f'{_counts(seen)}<div class="cw-lens">{_tokens(seen)}</div>{room(seen.budget)}'
    note = t("lens.making") if seen.state == "making" else t("lens.absent", model=model)
    return f'<p class="cw-lens-note">{h(note)}</p>{_pieces(seen.pieces)}{room(seen.budget)}'


def _counts(seen: Seen) -> str:
    learned = sum(token.kind == "trained" for token in seen.tokens)
    limit = t("lens.of_limit", limit=f"{seen.budget.limit:,}")
    over = " cw-wrong" if len(seen.tokens) > seen.budget.limit else ""
    facts = (
        f'<span class="{over.strip()}"><b>{h(t("lens.tokens", n=len(seen.tokens)))}</b> {h(limit)}</span>'
        f'<span class="learned">{h(t("lens.learned", n=learned))}</span>'
        f'<span class="same">{h(t("lens.shared", n=seen.shared))}</span>'
    )
    return f'<p class="cw-lens-facts">{facts}</p><p class="sub cw-small">{h(t("lens.key"))}</p>'


def _tokens(seen: Seen) -> str:
    """The row in its order: what all share behind a line on the left, and then what is this example's own."""
    same = _runs(seen, seen.tokens[: seen.shared], "same")
    own = _runs(seen, seen.tokens[seen.shared :], "own")
    if not same:
        return own
    label = f'<p class="sub cw-small">{h(t("lens.shared_end", n=seen.shared))}</p>'
    return f'<div class="cw-same">{same}{label}</div>{own}'


def _runs(seen: Seen, tokens: Sequence[Token], part: str) -> str:
    """Tokens with each declaration folded."""
    made = []
    for piece, run in groupby(tokens, key=lambda token: token.piece if token.kind == "declaration" else -1):
        inside = list(run)
        box = f'<pre class="cw-raw mono">{"".join(map(_token, inside))}</pre>'
        if piece >= 0:
            size = h(t("lens.tool_tokens", n=len(inside)))
            summary = f"{h(_title(seen.pieces[piece]))} <small>{size}</small>"
            box = fold(f"lens-{part}-{piece}", summary, box)
        made.append(box)
    return "".join(made)


def _token(token: Token) -> str:
    kind = ' class="t"' if token.kind == "trained" else ""
    return f'<i{kind} title="{token.id}">{_visible(token.text)}</i>'


def _visible(text: str) -> str:
    """Text with its spaces and line breaks marked; copied, it is still the text."""
    shown = h(text).replace(" ", "<s> </s>").replace("\n", '<s class="n"></s>\n')
    return shown or '<s class="w"></s>'


def _title(piece: Piece) -> str:
    """The name of the tool where the piece declares one."""
    _, mark, rest = piece.text.partition("declaration:")
    name = rest.split("{", 1)[0].strip()
    return t("lens.declaration", name=short(name, 40)) if mark else t("lens.declarations")


def _pieces(pieces: Sequence[Piece]) -> str:
    made = []
    for place, piece in enumerate(pieces):
        text = f'<pre class="cw-raw mono"><span class="{h(piece.kind)}">{h(piece.text)}</span></pre>'
        folded = piece.kind == "declaration"
        made.append(fold(f"lens-text-{place}", h(_title(piece)), text) if folded else text)
    return f'<div class="cw-lens">{"".join(made)}</div>'


def room(budget: Budget) -> str:
    """A thin bar of how the longest row fills the limit, its numbers, and how many more tools fit."""
    parts = [
        ("tools", budget.declarations, "budget.declarations"),
        ("prompt", budget.longest_prompt, "budget.prompt"),
        ("answer", budget.longest_answer, "budget.answer"),
        (
            ("room", budget.room_left, "budget.room")
            if budget.room_left >= 0
            else ("over", -budget.room_left, "budget.over")
        ),
    ]
    total = budget.limit - budget.room_left
    whole = max(budget.limit, total, 1)
    said = t(
        "budget.said",
        declarations=budget.declarations,
        prompt=budget.longest_prompt,
        answer=budget.longest_answer,
        room=max(0, budget.room_left),
        limit=budget.limit,
    )
    bars = "".join(
        f'<i class="{kind}" style="width:{100 * n / whole:.2f}%"></i>'
        for kind, n, _ in parts
        if kind != "over"
    )
    numbers = "".join(
        f'<span class="{kind}"><b>{n:,}</b> {h(t(words))}</span>'
        for kind, n, words in parts
        if n or kind == "room"
    )
    key = "budget.longest" if budget.example is not None else "budget.alone"
    told = t(
        key if budget.exact else f"{key}_about",
        example=budget.example,
        total=f"{total:,}",
        limit=f"{budget.limit:,}",
    )
    more = ""
    if budget.more_tools is not None:
        more = " " + (t("budget.more", n=budget.more_tools) if budget.more_tools else t("budget.none"))
    return (
        f'<div class="cw-room"><h3>{h(t("budget.title"))}</h3>'
        f'<div class="cw-room-bar" role="img" aria-label="{h(said)}">{bars}</div>'
        f'<p class="cw-room-numbers">{numbers}</p>'
        f'<p class="sub cw-small">{h(told)}{h(more)}</p>{_by_tool(budget)}</div>'
    )


def _by_tool(budget: Budget) -> str:
    if len(budget.by_tool) < 2:
        return ""
    rows = "".join(
        f"<tr><td>{h(short(name, 60))}</td><td class='num'>{tokens:,}</td></tr>"
        for name, tokens in sorted(budget.by_tool.items(), key=lambda entry: -entry[1])
    )
    return fold("lens-by-tool", h(t("budget.by_tool")), f'<table class="cw-table">{rows}</table>')


def gate(refusals: Sequence[Refusal]) -> str:
    """Why a start would be refused, and the remedy where one click is one; nothing where it would not."""
    if not refusals:
        return ""
    first = refusals[0]
    remedy = f'<span class="sub">{h(first.hint)}</span>'
    if first.limit:
        remedy = act(h(t("gate.raise", limit=f"{first.limit:,}")), "limit", classes="cw-mend", n=first.limit)
    return f'<p class="cw-gate">{pill(t("gate.refused"), "bad")} {h(first.message)} {remedy}</p>'
