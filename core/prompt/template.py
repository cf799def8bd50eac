"""Chat templates, compiled as transformers compiles them: in a sandbox, for they may come from strangers."""

import functools
import json
from datetime import datetime
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment


@functools.lru_cache(maxsize=16)
def compiled(template: str) -> jinja2.Template:
    """The template, ready to render. Raises jinja2.TemplateError where it is none."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _raise
    environment.globals["strftime_now"] = _now
    environment.globals["dict"] = _Dict()
    environment.globals["namespace"] = _Namespace
    return environment.from_string(template)


class _Generation(Extension):
    """`{% generation %}` marks what a model writes; here it only encloses it."""

    tags = {"generation"}  # noqa: RUF012  the form jinja asks for

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body).set_lineno(line)


class _Dict:
    """What templates may do with `dict`: make one."""

    def __call__(self, *parts: Any, **values: Any) -> dict[Any, Any]:
        return dict(*parts, **values)

    def fromkeys(self, keys: Any, value: Any = None) -> dict[Any, Any]:
        return dict.fromkeys(keys, value)


class _Namespace(jinja2.utils.Namespace):
    """A namespace that keeps no names beginning with an underscore, by which templates reach for the interpreter."""

    def __init__(*args: Any, **values: Any) -> None:
        _allow(dict(*args[1:], **values))
        jinja2.utils.Namespace.__init__(*args, **values)

    def __setitem__(self, name: str, value: Any) -> None:
        _allow([name])
        super().__setitem__(name, value)


def _allow(names: Any) -> None:
    if hidden := next((name for name in names if str(name).startswith("_")), None):
        raise jinja2.sandbox.SecurityError(f"the name {hidden} cannot be set")


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)


def _now(form: str) -> str:
    return datetime.now().strftime(form)
