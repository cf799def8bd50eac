"""OpenAPI 3.0 and 3.1: every operation is a tool, its parameters and the fields of its JSON body side by side."""

import re
from collections.abc import Iterator
from typing import Any

from core.errors import StudioError
from core.importers.outcome import Reject
from core.importers.strict_json import problem
from core.importers.tool_formats.definition import Definition, Understood, check_count
from core.schema.foreign import ForeignReader
from core.schema.reader import MAX_SCHEMAS
from core.schema.references import target

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
JSON_BODY = re.compile(
    r"(application/json|[\w.+-]+/[\w.+-]+\+json|\*/\*|application/\*)\s*(;.*)?", re.IGNORECASE
)
NOT_ARGUMENTS = ("accept", "content-type", "authorization")  # headers that OpenAPI itself says to ignore
MAX_HOPS = 8


def recognises(value: Any) -> bool:
    return isinstance(value, dict) and ("openapi" in value or "swagger" in value)


def understand(document: dict[str, Any]) -> Understood:
    """The operations of a document. Raises StudioError where its version is not read, or it holds none."""
    version = str(document.get("openapi", document.get("swagger")))[:20]
    if not re.match(r"3\.[01](\.|$)", version):
        raise StudioError(f"OpenAPI {version!r} is not read.", "Convert the file to OpenAPI 3.0 or 3.1.")
    if reason := problem(document):
        raise StudioError(f"The file cannot be kept: {reason}.", "Mend it.")
    paths = document.get("paths")
    if not isinstance(paths, dict):
        raise StudioError("The document has no paths, so there are no operations.", "Choose another file.")
    found: list[Definition | Reject] = []
    notes: list[str] = []
    for path, item in paths.items():
        check_count(len(found))
        for method, operation, shared in _operations(path, item, document, found):
            check_count(len(found) + 1)
            row, text = len(found) + 1, f"{method.upper()} {path}"
            try:
                found.append(_Operation(document, text, notes).definition(row, operation, shared))
            except StudioError as error:
                found.append(Reject.of(row, error.sentence(), text))
    return Understood(f"OpenAPI {version[:3]}", found, notes)


def _operations(
    path: str, item: Any, document: Any, found: list[Definition | Reject]
) -> Iterator[tuple[str, Any, Any]]:
    if path.startswith("x-"):
        return
    try:
        item = _resolved(item, document, path)
    except StudioError as error:
        found.append(Reject.of(len(found) + 1, error.sentence(), path))
        return
    for method in METHODS:
        if method in item:
            yield method, item[method], item.get("parameters")


def _resolved(value: Any, document: Any, where: str) -> dict[str, Any]:
    """The object that a value is or refers to within the document."""
    for _ in range(MAX_HOPS):
        if not isinstance(value, dict):
            raise StudioError(f"Expected an object, found {type(value).__name__}.", where=where)
        if "$ref" not in value:
            return value
        value = target(value["$ref"], document, where)
    raise StudioError("The references lead on without end.", "Put the object in its place.", where)


class _Operation:
    """One operation on its way to a definition; `notes` is the list that what is left out is added to."""

    def __init__(self, document: dict[str, Any], place: str, notes: list[str]):
        self.document, self.place, self.notes = document, place, notes
        self.properties: dict[str, Any] = {}
        self.required: list[str] = []

    def definition(self, row: int, raw: Any, shared: Any) -> Definition:
        from openapi_pydantic import Operation

        raw = _resolved(raw, self.document, self.place)
        known = _checked(Operation, raw, ("operationId", "summary", "description"), self.place)
        # Without an id the operation is known by where it is, and finds its way back by that.
        method, path = self.place.split(" ", 1)
        name = known.operationId or f"{method.lower()} {path}"
        for parameter in self._parameters(shared, raw.get("parameters")):
            self._add_parameter(parameter)
        if "requestBody" in raw:
            self._add_body(_resolved(raw["requestBody"], self.document, f"{self.place}, body"))
        schema = {"type": "object", "properties": self.properties, "required": self.required}
        words = dict.fromkeys(text.strip() for text in (known.summary, known.description) if text)
        return Definition(row, name, "\n".join(words), schema, self.document, self.place)

    def _parameters(self, shared: Any, own: Any) -> list[dict[str, Any]]:
        """Those of the path and of the operation; of two in the same place and of one name, the operation's."""
        found: dict[tuple[Any, Any], dict[str, Any]] = {}
        for part in (shared, own):
            if not isinstance(part or [], list):
                raise StudioError("The parameters must be a list.", where=self.place)
            if len(part or []) > MAX_SCHEMAS:
                raise StudioError(
                    f"It has more than {MAX_SCHEMAS} parameters.", "Make it smaller.", self.place
                )
            for raw in part or []:
                parameter = _resolved(raw, self.document, f"{self.place}, parameters")
                found[str(parameter.get("in")), str(parameter.get("name"))] = parameter
        return list(found.values())

    def _add_parameter(self, raw: dict[str, Any]) -> None:
        from openapi_pydantic import Parameter

        known = _checked(
            Parameter, raw, ("name", "in", "required", "description"), f"{self.place}, parameters"
        )
        name, place = known.name, known.param_in.value
        if place == "cookie" or (place == "header" and name.lower() in NOT_ARGUMENTS):
            self.notes.append(f"{self.place}: the {place} {name} left out, it is not for a model to fill in.")
            return
        schema = raw.get("schema")
        if schema is None and isinstance(raw.get("content"), dict) and raw["content"]:
            schema = _resolved(next(iter(raw["content"].values())), self.document, self.place).get("schema")
        schema = {} if schema is None else schema
        if known.description and isinstance(schema, dict):
            schema = {**schema, "description": known.description}
        self._add(name, place, schema, known.required or place == "path")

    def _add_body(self, raw: dict[str, Any]) -> None:
        from openapi_pydantic import RequestBody

        place = f"{self.place}, body"
        content = raw.get("content")
        known = _checked(RequestBody, {**raw, "content": {}}, ("description", "required", "content"), place)
        if not isinstance(content, dict):
            raise StudioError("The body has no content.", where=place)
        kinds = [kind for kind in content if JSON_BODY.fullmatch(kind)]
        if not kinds:
            named = ", ".join(content) or "nothing"
            if known.required:
                raise StudioError(
                    f"It needs a body of {named}; only JSON can be filled in by a call.", where=place
                )
            self.notes.append(f"{place}: {named} left out, only JSON can be filled in by a call.")
            return
        media = _resolved(content[kinds[0]], self.document, place)
        reader = ForeignReader(self.document)
        schema, null, _ = reader.unfolded(media.get("schema", {}), place)
        self.notes += reader.notes
        properties, required = schema.get("properties"), schema.get("required") or []
        if (
            not isinstance(properties, dict)
            or not isinstance(required, list)
            or len(properties) > MAX_SCHEMAS
        ):
            self._add("body", "body", media.get("schema", {}), known.required)
            return
        if required and not known.required:
            self.notes.append(f"{place}: it may be left out altogether, so all of its fields are optional.")
        for name, part in properties.items():
            if isinstance(part, dict) and part.get("readOnly") is True:
                self.notes.append(f"{place}: {name} left out, it is only ever read.")
                continue
            self._add(name, "body", part, known.required and not null and name in required)

    def _add(self, name: str, place: str, schema: Any, required: bool) -> None:
        """One more parameter of the tool; where the name is taken its place goes before it."""
        if name in self.properties:
            self.notes.append(
                f"{self.place}: {name} of the {place} is called {place}.{name}, the name was taken."
            )
            name = f"{place}.{name}"
        self.properties[name] = schema
        if required:
            self.required.append(name)


def _checked(model: Any, raw: dict[str, Any], keys: tuple[str, ...], where: str) -> Any:
    """The named parts of an object of OpenAPI, of the types they should have; schemas are read by our own reader."""
    from pydantic import ValidationError

    try:
        return model.model_validate({key: raw[key] for key in keys if raw.get(key) is not None})
    except ValidationError as error:
        first = error.errors()[0]
        part = ".".join(map(str, first["loc"]))
        raise StudioError(f"{part}: {first['msg']}.", "Mend it.", where) from error
