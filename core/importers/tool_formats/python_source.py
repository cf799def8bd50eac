"""Functions of Python source as tools, read from the syntax tree: nothing of it is imported or run."""

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

from core.errors import StudioError
from core.importers.outcome import Reject
from core.importers.tool_formats.definition import Definition, Understood, check_count
from core.importers.tool_formats.python_types import Types, name_of, parsed_hint

BEGINS = re.compile(r"^(?:async\s+def|def|class)\s+\w", re.MULTILINE)
# Arguments that an agent framework fills in itself; the model never sees them.
INJECTED = ("Context", "RunContext", "ToolContext", "RunnableConfig", "ToolRuntime")
NOT_CALLED = ("property", "cached_property", "overload", "setter")
LONGEST_DOCSTRING = 20_000
# What docstrings write instead of a type hint.
WORDS = {
    "string": "str",
    "integer": "int",
    "boolean": "bool",
    "number": "float",
    "array": "list",
    "object": "dict",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def recognises(text: str, filename: str) -> bool:
    return filename.lower().endswith((".py", ".pyi")) or bool(BEGINS.search(text))


def understand(text: str) -> Understood:
    """The functions and methods of a source; where it has none, its pydantic models and dataclasses.

    Raises StudioError where it is not Python.
    """
    module = _parsed(text)
    types = Types(module)
    check_count(len(types.classes))
    notes: list[str] = []
    private: list[str] = []
    found = [one for one in _functions(module, types) if not _is_private(one[0], private)]
    check_count(len(found))
    twice = {name for name, times in Counter(node.name for node, _ in found).items() if times > 1}
    definitions: list[Definition | Reject] = []
    for row, (node, owner) in enumerate(found, 1):
        name = f"{owner}.{node.name}" if owner and node.name in twice else node.name
        shown = f"line {node.lineno}: def {name}"
        try:
            definitions.append(_Function(types, notes, name).definition(row, node, bool(owner), shown))
        except RecursionError:
            definitions.append(Reject.of(row, "It is nested too deep.", shown))
    if not found:
        definitions += _models(types)
    if private:
        notes.append(f"Not read, because their names begin with _: {', '.join(private)}.")
    return Understood("Python source", definitions, notes)


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the source's own backslashes
            return ast.parse(text)
    except SyntaxError as error:
        raise StudioError(
            f"The Python source has a mistake in line {error.lineno}: {error.msg}.", "Mend that line."
        ) from error
    except (RecursionError, MemoryError) as error:
        raise StudioError("The Python source is nested too deep.", "Bring the functions alone.") from error
    except ValueError as error:
        raise StudioError(
            "The Python source holds characters that Python does not allow.", "Save it as UTF-8."
        ) from error


def _functions(module: ast.Module, types: Types) -> Iterator[tuple[Function, str]]:
    """The functions of a module, and the methods of its classes with the class."""
    for node in module.body:
        if isinstance(node, Function):
            yield node, ""
        elif isinstance(node, ast.ClassDef) and not types.is_record(node) and not types.is_enum(node):
            yield from ((part, node.name) for part in node.body if isinstance(part, Function))


def _is_private(node: Function, private: list[str]) -> bool:
    """Whether a function is no tool; those that only their name hides are counted in `private`."""
    if {name_of(_called(decorator)) for decorator in node.decorator_list} & {*NOT_CALLED}:
        return True
    if node.name.startswith("_") and not node.name.startswith("__"):
        private.append(node.name)
    return node.name.startswith("_")


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _models(types: Types) -> list[Definition | Reject]:
    """Models that no other one is made of, as tools: what LangChain and OpenAI's client call with."""
    names = [name for name, node in types.classes.items() if types.is_record(node)]
    try:
        for name in names:
            types.schema(ast.Name(name))
        used = {*re.findall(r"'#/\$defs/(\w+)'", str(types.definitions))}
    except RecursionError as error:
        raise StudioError("The classes extend each other too deep.", "Bring those you need.") from error
    extended = {name_of(base) for node in types.classes.values() for base in node.bases}
    root = {"$defs": types.definitions}
    return [
        Definition(
            row, name, _text_of(types.classes[name]), {"$ref": f"#/$defs/{name}"}, root, f"class {name}"
        )
        for row, name in enumerate((name for name in names if name not in used | extended), 1)
    ]


def _text_of(node: Function | ast.ClassDef) -> str:
    return ast.get_docstring(node) or ""


class _Function:
    """One function on its way to a definition; `notes` is the list that what is left out is added to."""

    def __init__(self, types: Types, notes: list[str], name: str):
        self.types, self.notes, self.name = types, notes, name

    def definition(self, row: int, node: Function, is_method: bool, shown: str) -> Definition:
        description, documented = _documented(_text_of(node))
        properties: dict[str, Any] = {}
        required: list[str] = []
        for argument, default in self._arguments(node, is_method):
            kind, text = documented.get(argument.arg, (None, ""))
            hint = argument.annotation or kind
            if hint is not None and name_of(hint) in INJECTED and name_of(hint) not in self.types.classes:
                self.notes.append(f"{self.name}.{argument.arg}: left out, the framework fills it in.")
                continue
            schema, needed = self.types.field(hint, default, text)
            name = schema.pop("alias", argument.arg)
            properties[name] = schema
            if needed:
                required.append(name)
        schema = {"type": "object", "properties": properties, "required": required}
        return Definition(row, self.name, description, schema, {"$defs": self.types.definitions}, shown)

    def _arguments(self, node: Function, is_method: bool) -> Iterator[tuple[ast.arg, ast.expr | None]]:
        """The arguments with their defaults; a method's first is the object itself."""
        given = node.args
        for rest, stars in ((given.vararg, "*"), (given.kwarg, "**")):
            if rest:
                self.notes.append(f"{self.name}: {stars}{rest.arg} left out, a call names its arguments.")
        static = "staticmethod" in {name_of(decorator) for decorator in node.decorator_list}
        plain = [*given.posonlyargs, *given.args]
        defaults = [*([None] * (len(plain) - len(given.defaults))), *given.defaults]
        pairs = list(zip(plain, defaults, strict=True))
        yield from pairs[1:] if is_method and not static else pairs
        yield from zip(given.kwonlyargs, given.kw_defaults, strict=True)


def _documented(docstring: str) -> tuple[str, dict[str, tuple[ast.expr | None, str]]]:
    """The description of a docstring in Google, NumPy or reST style, and type and text of each argument in it."""
    import docstring_parser

    if len(docstring) > LONGEST_DOCSTRING:
        return docstring, {}
    try:
        parsed = docstring_parser.parse(docstring)
    except docstring_parser.ParseError:
        return docstring, {}
    found = {}
    for part in parsed.params:
        hint = _hint(part.type_name or "")
        for name in part.arg_name.split(","):
            found[name.strip()] = hint, " ".join((part.description or "").split())
    return parsed.description or "", found


def _hint(text: str) -> ast.expr | None:
    """A type as docstrings write it: `int, optional`, `list of str`, `str or None`, `{'a', 'b'}`."""
    text = re.split(r",\s*(?:optional|default)\b", text.strip(), maxsplit=1)[0]
    for word, hint in WORDS.items():
        text = re.sub(rf"\b{word}\b", hint, text)
    text = re.sub(r"\blist of (\w+)", r"list[\1]", text).replace(" or ", " | ")
    node = parsed_hint(text) if text else None
    if isinstance(node, ast.Set):
        return ast.Subscript(ast.Name("Literal"), ast.Tuple(node.elts))
    return node
