"""What examples are there for, and what for there are too few."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from core.doctor.finding import Finding, Rows, listed
from core.schema import Tool
from core.schema.arguments import Path, place

FEW = 5  # examples to learn from, below which a tool is hardly learnt
IMBALANCE = 4  # times as many for one tool as for another
USED = 10  # calls of a tool, before a parameter that none of them has is worth a word


def coverage(tools: list[Tool], rows: Rows) -> Iterator[Finding]:
    """Tools that nothing calls, or too little to learn them."""
    users: dict[str, dict[int, str]] = {tool.name: {} for tool in tools}
    mentioned: set[str] = set()
    for id, example in rows:
        mentioned.update(call.name for call in example.all_calls)
        for name in {call.name for call in example.calls} & users.keys():
            users[name][id] = example.split
    unused = [name for name in users if name not in mentioned]
    if unused:
        several = len(unused) > 1
        remedy = f"Add examples for {'them' if several else unused[0]}, or delete the tool{'s' * several}."
        fix = f"Delete {len(unused)} tools" if several else f"Delete the tool {unused[0]}"
        left = len(unused) < len(users)
        message = f"No example calls {listed(unused)}."
        yield Finding("warn", message, (), remedy, "unused_tool", fix if left else "", ("unused",))
    learnt = {name: [id for id, split in ids.items() if split == "train"] for name, ids in users.items()}
    if not any(example.split == "train" for _, example in rows):
        return
    untaught = [name for name, ids in users.items() if ids and not learnt[name]]
    if untaught:
        it = "is called in test examples only, so it is" if len(untaught) == 1 else ""
        message = f"{listed(untaught)} {it or 'are called in test examples only, so they are'} never learnt."
        ids = tuple(id for name in untaught for id in users[name])
        remedy = f"Move some examples for {listed(untaught)} to train."
        yield Finding("warn", message, tuple(dict.fromkeys(ids)), remedy, "unused_tool", "", ("untaught",))
    few = [name for name, ids in learnt.items() if 0 < len(ids) < FEW]
    if few and len(rows) > 1:
        named = listed([f"{name} ({len(learnt[name])})" for name in few])
        message = f"Fewer than {FEW} examples to learn from: {named}."
        ids = tuple(dict.fromkeys(id for name in few for id in learnt[name]))
        yield Finding(
            "warn", message, ids, "Add examples; 10 for each tool are a good start.", "few_examples"
        )


def balance(tools: list[Tool], rows: Rows) -> Iterator[Finding]:
    """Whether the examples lean to one side."""
    if all(example.calls for _, example in rows):
        message = "Every example calls a tool, so the model never learns when not to."
        yield Finding("hint", message, (), "Add examples that no tool should answer.", "no_refusals")
    names = {tool.name for tool in tools}
    counts = Counter(
        name
        for _, example in rows
        if example.split == "train"
        for name in {call.name for call in example.calls} & names
    )
    if len(counts) > 1:
        (most, many), (least, few) = counts.most_common()[0], counts.most_common()[-1]
        if many > IMBALANCE * few:
            message = f"{most} has {many} examples to learn from, {least} only {few}."
            yield Finding("hint", message, (), f"Add examples for {least}.", "imbalance")


def unused_parts(tools: list[Tool], rows: Rows) -> Iterator[Finding]:
    """Parameters, and allowed values of them, that no example uses."""
    seen: dict[str, dict[Path, Counter[Any]]] = defaultdict(lambda: defaultdict(Counter))
    calls: Counter[str] = Counter()
    for _, example in rows:
        for call in example.all_calls:
            calls[call.name] += 1
            for path, value in leaves(call.arguments):
                seen[call.name][path][value] += 1
    for tool in tools:
        if calls[tool.name] < USED:
            continue
        uses = seen[tool.name]
        unused = unused_parameters(tool, set(uses))
        if unused:
            names = listed([place(path) for path in unused])
            them = "it" if len(unused) == 1 else "them"
            fix = names if len(unused) == 1 else f"{len(unused)} parameters"
            yield Finding(
                "hint",
                f"No example uses {names} of {tool.name}.",
                (),
                f"Add examples that do, or remove {them}.",
                "unused_parameter",
                f"Remove {fix} from {tool.name}",
                (tool.name,),
            )
        yield from _unused_values(tool, uses)


def unused_parameters(tool: Tool, used: set[Path]) -> list[Path]:
    """Parameters that stand in none of the used places; of a group that is never used, the group alone."""
    ways = {path[:n] for path in used for n in range(1, len(path) + 1)}
    found: list[Path] = []
    for path, _ in parameters(tool.parameters, ()):
        if path not in ways and path[:-1] in (ways | {()}):
            found.append(path)
    return found


def _unused_values(tool: Tool, uses: dict[Path, Counter[Any]]) -> Iterator[Finding]:
    for path, schema in parameters(tool.parameters, ()):
        allowed = schema.get("items", schema).get("enum", [])
        times = uses.get(path, Counter())
        unused = [str(value) for value in allowed if not times[value]]
        # With fewer uses than values, some are bound to be left out.
        if unused and times.total() >= 2 * len(allowed):
            many = f"{len(unused)} of the {len(allowed)} allowed values"
            yield Finding(
                "hint",
                f"No example uses {listed(unused) if len(unused) <= 4 else many} for {place(path)} of {tool.name}.",
                (),
                f"Add examples with {'it' if len(unused) == 1 else 'them'}.",
                "unused_value",
                about=(tool.name, place(path)),
            )


def parameters(schema: dict[str, Any], path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every parameter with the names that lead to it; lists are passed through."""
    for name, part in schema.get("properties", {}).items():
        yield (*path, name), part
        yield from parameters(part.get("items", part), (*path, name))


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every place in arguments with the single value that stands there; None for a list or a group as such."""
    if isinstance(value, dict):
        if path:
            yield path, None
        for name, part in value.items():
            yield from leaves(part, (*path, name))
    elif isinstance(value, list):
        yield path, None
        for part in value:
            yield from leaves(part, path)
    else:
        yield path, value
