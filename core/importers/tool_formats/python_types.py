"""Type hints of Python source as JSON Schema, read from the syntax tree: nothing is imported or run."""

import ast
import math
from typing import Any

PLAIN: dict[str, dict[str, Any]] = {
    "str": {"type": "string"}, "Text": {"type": "string"}, "AnyStr": {"type": "string"},
    "int": {"type": "integer"}, "float": {"type": "number"}, "Decimal": {"type": "number"},
    "bool": {"type": "boolean"}, "None": {"type": "null"}, "NoneType": {"type": "null"},
    "Any": {}, "object": {},
    "bytes": {"type": "string", "format": "bytes"}, "Path": {"type": "string", "format": "path"},
    "date": {"type": "string", "format": "date"}, "datetime": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"}, "timedelta": {"type": "string", "format": "duration"},
    "UUID": {"type": "string", "format": "uuid"}, "HttpUrl": {"type": "string", "format": "uri"},
    "AnyUrl": {"type": "string", "format": "uri"}, "EmailStr": {"type": "string", "format": "email"},
}  # fmt: skip
LISTS = (
    "list", "List", "Sequence", "MutableSequence", "Iterable", "Collection", "set", "Set", "frozenset", "FrozenSet",
    "AbstractSet", "deque", "Deque",
)  # fmt: skip
TUPLES = ("tuple", "Tuple")
GROUPS = ("dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict")
WRAPPERS = ("Required", "NotRequired", "ReadOnly", "Final", "InitVar")
ENUMS = ("Enum", "StrEnum", "IntEnum")
LONGEST_INTEGER = 2000  # bits
RECORDS = ("BaseModel", "TypedDict", "NamedTuple")
MAKES_RECORD = ("dataclass", "define", "frozen")  # decorators of dataclasses and attrs


class Types:
    """The type hints of one module, with the classes and aliases it defines itself.

    `definitions` are the `$defs` that the schemas refer to; they grow as the names are met.
    """

    def __init__(self, module: ast.Module):
        self.classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
        self.aliases = dict(_aliases(module))
        self.definitions: dict[str, Any] = {}

    def schema(self, node: ast.expr) -> dict[str, Any]:
        """The JSON Schema of a type hint; one that is not known here becomes a type of that name."""
        match node:
            case ast.Constant(value=None):
                return {"type": "null"}
            case ast.Constant(value=str(text)):
                return self.schema(parsed_hint(text) or ast.Name(text))
            case ast.Name() | ast.Attribute():
                return self._named(node)
            case ast.BinOp(op=ast.BitOr()):
                return {"anyOf": [self.schema(part) for part in _alternatives(node)]}
            case ast.Subscript():
                return self._subscript(name_of(node.value), node)
        return {"type": written(node)}

    def is_record(self, node: ast.ClassDef) -> bool:
        """Whether a class is a group of typed fields."""
        decorators = {name_of(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}
        return bool(decorators & {*MAKES_RECORD}) or bool({*RECORDS} & {*self._ancestors(node)})

    def is_enum(self, node: ast.ClassDef) -> bool:
        return bool({*ENUMS} & {*self._ancestors(node)})

    def field(
        self, hint: ast.expr | None, default: ast.expr | None, described: str
    ) -> tuple[dict[str, Any], bool]:
        """The schema of a parameter or a field, and whether it has to be given."""
        schema = dict(self.schema(hint)) if hint else {}
        call = (
            default if isinstance(default, ast.Call) and name_of(default.func) in ("Field", "field") else None
        )
        if call:
            schema |= _said(call)
            default = _default_of(call)
        if described and not schema.get("description"):
            schema["description"] = described
        if default is not None:
            schema["default"] = _literal(default)
        return schema, default is None

    def _named(self, node: ast.expr) -> dict[str, Any]:
        name = name_of(node)
        if name in self.classes or name in self.aliases:
            return self._own(name)
        if name in PLAIN:
            return PLAIN[name]
        if name in (*LISTS, *TUPLES):
            return {"type": "array"}
        return {"type": "object"} if name in GROUPS else {"type": written(node)}

    def _own(self, name: str) -> dict[str, Any]:
        if name not in self.definitions:
            self.definitions[name] = {}  # it may lead back to itself; then the reference is there already
            node = self.classes.get(name)
            try:
                self.definitions[name] = self._class(node) if node else self.schema(self.aliases[name])
            except RecursionError:
                del self.definitions[name]
                raise
        return {"$ref": f"#/$defs/{name}"}

    def _subscript(self, origin: str, node: ast.Subscript) -> dict[str, Any]:
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if origin == "Optional":
            return {"anyOf": [self.schema(parts[0]), {"type": "null"}]}
        if origin == "Union":
            return {"anyOf": [self.schema(part) for part in parts]}
        if origin == "Literal":
            return _choice([_literal(part) for part in parts])
        if origin == "Annotated":
            return {**self.schema(parts[0]), **_annotated(parts[1:])}
        if origin in WRAPPERS:
            return self.schema(parts[0])
        if origin in LISTS:
            return {"type": "array", "items": self.schema(parts[0])}
        if origin in TUPLES:
            kinds = [self.schema(part) for part in parts if not _is_ellipsis(part)]
            same = all(kind == kinds[0] for kind in kinds)
            return {"type": "array", "items": kinds[0]} if kinds and same else {"type": written(node)}
        if origin in GROUPS:
            return {"type": "object", "additionalProperties": written(parts[-1])}
        return self._own(origin) if origin in self.classes else {"type": written(node)}

    def _class(self, node: ast.ClassDef) -> dict[str, Any]:
        if self.is_enum(node):
            return _choice(self._members(node))
        if not self.is_record(node):
            return {"type": node.name}
        properties: dict[str, Any] = {}
        required: list[str] = []
        for owner, statement in self._fields(node, set()):
            name = statement.target.id  # type: ignore[union-attr]
            schema, needed = self.field(statement.annotation, statement.value, "")
            name = schema.pop("alias", name)
            properties[name] = schema
            if name in required:
                required.remove(name)
            if needed and not _is_optional(owner, statement.annotation):
                required.append(name)
        return {"type": "object", "properties": properties, "required": required}

    def _fields(self, node: ast.ClassDef, seen: set[str]) -> list[tuple[ast.ClassDef, ast.AnnAssign]]:
        """The fields of a class, those of the classes of this source that it extends first."""
        seen.add(node.name)
        bases = [
            self.classes[name]
            for name in map(name_of, node.bases)
            if name in self.classes and name not in seen
        ]
        inherited = [field for base in bases for field in self._fields(base, seen)]
        own = [
            part
            for part in node.body
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        ]
        names = [(part, part.target.id) for part in own if isinstance(part.target, ast.Name)]
        kept = [p for p, name in names if not name.startswith("_") and name_of(p.annotation) != "ClassVar"]
        return [*inherited, *((node, part) for part in kept)]

    def _members(self, node: ast.ClassDef) -> list[Any]:
        members = [
            (part.targets[0].id, part.value)
            for part in node.body
            if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name)
        ]
        texts = "StrEnum" in self._ancestors(node)
        values: list[Any] = []
        for name, value in members:
            automatic = isinstance(value, ast.Call) and name_of(value.func) == "auto"
            given = (name.lower() if texts else len(values) + 1) if automatic else _literal(value)
            if not name.startswith("_"):
                values.append(given)
        return values

    def _ancestors(self, node: ast.ClassDef) -> dict[str, None]:
        """The names of all that a class extends, through the classes of this source."""
        found: dict[str, None] = {}
        waiting = [node]
        while waiting:
            for name in map(name_of, waiting.pop().bases):
                if name not in found and name in self.classes:
                    waiting.append(self.classes[name])
                found[name] = None
        return found


def name_of(node: ast.expr) -> str:
    """The last name of what is written: `t.List[int]` is List; empty where it is none."""
    if isinstance(node, ast.Subscript):
        node = node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def written(node: ast.expr) -> str:
    """An expression as source again."""
    try:
        return ast.unparse(node)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a very long number"


def parsed_hint(text: str) -> ast.expr | None:
    """A type hint that is written as text, or None where it is no expression."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError):
        return None


def _aliases(module: ast.Module) -> Any:
    """Names that stand for a type hint: `Unit = Literal["c", "f"]`, `UserId = NewType("UserId", int)`."""
    for node in module.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=made, args=[_, hint])):
                if name_of(made) == "NewType":
                    yield name, hint
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def _alternatives(node: ast.expr) -> list[ast.expr]:
    """The parts of `a | b | c`, however many."""
    parts: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        parts.append(node.right)
        node = node.left
    return [node, *reversed(parts)]


def _choice(values: list[Any]) -> dict[str, Any]:
    texts = all(isinstance(value, str) for value in values)
    return {"type": "string", "enum": values} if texts else {"enum": values}


def _annotated(extras: list[ast.expr]) -> dict[str, Any]:
    for extra in extras:
        if isinstance(extra, ast.Constant) and isinstance(extra.value, str):
            return {"description": extra.value}
        if isinstance(extra, ast.Call):
            said = _said(extra)
            if not said and extra.args and name_of(extra.func) == "Doc":
                said = {"description": _literal(extra.args[0])}
            if said:
                return said
    return {}


def _said(call: ast.Call) -> dict[str, Any]:
    """What Field(...) says of a value that we keep."""
    words = {word.arg: _literal(word.value) for word in call.keywords if word.arg in ("description", "alias")}
    return {str(key): value for key, value in words.items() if isinstance(value, str)}


def _default_of(call: ast.Call) -> ast.expr | None:
    given = {word.arg: word.value for word in call.keywords}
    made = given.get("default_factory")
    if made:
        return ast.Call(made, [], [])
    default = given.get("default") or (call.args[0] if call.args else None)
    return None if default is None or _is_ellipsis(default) else default


def _is_optional(owner: ast.ClassDef, hint: ast.expr) -> bool:
    """Whether a field of a TypedDict may be absent."""
    total = next((word.value for word in owner.keywords if word.arg == "total"), None)
    partial = isinstance(total, ast.Constant) and total.value is False
    return name_of(hint) == "NotRequired" or (partial and name_of(hint) != "Required")


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _literal(node: ast.expr) -> Any:
    """A value that is written out, or the text of the expression where it would have to be run."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError):
        return written(node)
    if isinstance(value, int) and value.bit_length() > LONGEST_INTEGER:
        return math.inf  # as a float it would be, and no more a value of a call
    return value if isinstance(value, str | int | float | bool | None) else written(node)
