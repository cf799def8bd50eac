"""Functions of Python source as tools, read without running anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import StudioError
from core.importers import read_tools
from core.importers.outcome import ToolsRead

FIXTURE = Path(__file__).parent / "fixtures" / "tools" / "functions.py"


def read(source: str) -> ToolsRead:
    return read_tools(source.encode())


def parameter(hint: str, before: str = "") -> dict:
    """The schema of a parameter with this type hint, without its empty description."""
    result = read(f"{before}\ndef f(x: {hint}): ...")
    assert not result.rejected, result.rejected
    schema = dict(result.tools[0].properties["x"])
    del schema["description"]
    return schema


def test_nothing_of_the_source_is_run(tmp_path: Path, monkeypatch):
    canary = tmp_path / "canary"
    monkeypatch.setenv("CANARY", str(canary))
    assert read_tools(FIXTURE.read_bytes()).tools
    assert not canary.exists()
    subprocess.run([sys.executable, str(FIXTURE)], env={**os.environ}, capture_output=True)
    assert canary.exists()  # it would have been written, had the source been run


GOOGLE = '''
    """Find rooms.

    Args:
        city (str): Where to
            look.
        nights: How many.
    """'''
NUMPY = '''
    """Find rooms.

    Parameters
    ----------
    city : str
        Where to
        look.
    nights : int, optional
        How many.
    """'''
REST = '''
    """Find rooms.

    :param city: Where to
        look.
    :type city: str
    :param nights: How many.
    """'''


@pytest.mark.parametrize("docstring", [GOOGLE, NUMPY, REST])
def test_docstrings_of_each_style_say_the_same(docstring):
    tool = read(f"def find(city, nights: int = 1):{docstring}\n").tools[0]
    assert tool.description == "Find rooms."
    assert tool.properties == {
        "city": {"type": "string", "description": "Where to look."},
        "nights": {"type": "integer", "description": "How many."},
    }
    assert tool.required == ["city"]


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        ("str", {"type": "string"}),
        ("'int'", {"type": "integer"}),
        ("float", {"type": "number"}),
        ("bool", {"type": "boolean"}),
        ("typing.List[int]", {"type": "array", "items": {"type": "integer"}}),
        ("set[str]", {"type": "array", "items": {"type": "string"}}),
        ("tuple[int, ...]", {"type": "array", "items": {"type": "integer"}}),
        ("list", {"type": "array"}),
        ("dict[str, int]", {"type": "object", "properties": {}, "required": []}),
        ("Literal['a', 'b']", {"type": "string", "enum": ["a", "b"]}),
        ("Literal[1, 2]", {"type": "integer", "enum": [1, 2]}),
        ("Literal['a', None]", {"type": "string", "enum": ["a"]}),
        ("int | float", {"type": "number"}),
        ("Union[str, int]", {"type": "string"}),
        ("datetime.date", {"type": "string"}),
        ("Any", {"type": "string"}),
    ],
)
def test_type_hints_become_types(hint, schema):
    assert parameter(hint) == schema


@pytest.mark.parametrize(
    "hint", ["Optional[int]", "int | None", "None | int", "Union[int, None]", "'Optional[int]'"]
)
def test_what_may_be_none_is_optional(hint):
    tool = read(f"def f(x: {hint}): ...").tools[0]
    assert tool.properties["x"]["type"] == "integer" and tool.required == []


def test_a_default_makes_optional_and_is_named():
    result = read("def f(x: int = 3, *, y: str, z: str = os.sep): ...")
    assert result.tools[0].required == ["y"]
    assert result.notes == [
        "f.x: default 3 left out, models are not shown it.",
        "f.z: default os.sep left out, models are not shown it.",
    ]


@pytest.mark.parametrize(
    "hint",
    [
        "Annotated[int, 'how many']",
        "Annotated[int, Field(gt=0, description='how many')]",
        "Annotated[int, Doc('how many')]",
    ],
)
def test_annotated_describes(hint):
    assert read(f"def f(x: {hint}): ...").tools[0].properties["x"] == {
        "type": "integer",
        "description": "how many",
    }


CLASSES = {
    "typed dict": "class P(TypedDict):\n    a: str\n    b: NotRequired[int]",
    "open typed dict": "class P(TypedDict, total=False):\n    a: Required[str]\n    b: int",
    "dataclass": "@dataclass(frozen=True)\nclass P:\n    a: str\n    b: int = 1\n    _c: ClassVar[int] = 2",
    "pydantic": "class P(BaseModel):\n    a: str\n    b: int = Field(1)\n    model_config = {}",
    "inherited": "class Q(BaseModel):\n    a: str\nclass P(Q):\n    b: int | None = None",
    "named tuple": "class P(NamedTuple):\n    a: str\n    b: int = 0",
}


@pytest.mark.parametrize("source", CLASSES.values(), ids=CLASSES)
def test_classes_of_the_source_become_groups(source):
    group = parameter("P", source)
    assert {name: part["type"] for name, part in group["properties"].items()} == {
        "a": "string",
        "b": "integer",
    }
    assert group["required"] == ["a"]


@pytest.mark.parametrize(
    "source",
    [
        "class P(Enum):\n    A = 'a'\n    B = 'b'\n    _ignored = 1",
        "class P(str, enum.Enum):\n    A = 'a'\n    B = 'b'",
        "class P(StrEnum):\n    A = auto()\n    B = auto()",
        "P = Literal['a', 'b']",
        "Q = Literal['a', 'b']\nP: TypeAlias = Q",
        "P = NewType('P', Literal['a', 'b'])",
    ],
)
def test_enums_and_aliases_of_the_source_become_allowed_values(source):
    assert parameter("P", source) == {"type": "string", "enum": ["a", "b"]}


def test_an_alias_of_a_field_is_its_name_in_a_call():
    tool = read("class P(BaseModel):\n    kind: str = Field(alias='type')\ndef f(x: P): ...").tools[0]
    assert tool.originals == {"x.x_type": "type"}


def test_a_class_that_holds_itself_is_cut_and_said():
    result = read("class P(BaseModel):\n    a: str\n    next: 'P | None' = None\ndef f(x: P): ...")
    assert list(result.tools[0].properties["x"]["properties"]) == ["a"]
    assert "leads back to itself" in result.notes[0]


def test_a_required_argument_of_an_unknown_class_rejects_the_function_alone():
    result = read("def f(x: Session): ...\ndef g(x: int, y: Session = None): ...")
    assert [tool.name for tool in result.tools] == ["g"]
    assert list(result.tools[0].properties) == ["x"]
    assert result.rejected[0].row == 1 and result.rejected[0].text == "line 1: def f"
    assert "f.x: The type 'Session' is unknown" in result.rejected[0].reason
    assert "g.y: optional and left out. The type 'Session' is unknown." in result.notes


def test_what_is_no_argument_of_a_call_is_named():
    result = read("def f(x: int, *rest, ctx: Context, **more): ...\ndef _g(): ...\ndef __h__(): ...")
    assert list(result.tools[0].properties) == ["x"]
    assert result.notes == [
        "f: *rest left out, a call names its arguments.",
        "f: **more left out, a call names its arguments.",
        "f.ctx: left out, the framework fills it in.",
        "Not read, because their names begin with _: _g.",
    ]


def test_methods_are_tools_without_self():
    source = """
class A:
    def run(self, x: int): ...
    @classmethod
    def make(cls, x: int): ...
    @staticmethod
    def still(x: int): ...
    @property
    def size(self): ...
class B:
    async def run(this, y: int): ...
"""
    result = read(source)
    assert {tool.name: list(tool.properties) for tool in result.tools} == {
        "A_run": ["x"], "make": ["x"], "still": ["x"], "B_run": ["y"]
    }  # fmt: skip
    assert [rename.old for rename in result.renames] == ["A.run", "B.run"]


def test_half_a_character_pair_stays_out_of_all_that_is_told():
    source = (
        "def f(x: str = '\\ud800'): ...\ndef g(x: Literal['\\ud800']): ...\n"
        "def h(x: Annotated[int, Field(alias='\\ud800')] = 1): ..."
    )
    result = read(source)
    assert [tool.name for tool in result.tools] == ["f", "h"]
    for text in (*result.notes, *(reject.reason for reject in result.rejected)):
        text.encode()


def test_models_alone_are_tools():
    source = '''
class Place(BaseModel):
    city: str

class GetWeather(BaseModel):
    """Get the weather."""
    place: Place
'''
    tools = read(source).tools
    assert [(tool.name, tool.description) for tool in tools] == [("GetWeather", "Get the weather.")]
    assert tools[0].required == ["place"]


@pytest.mark.parametrize(
    "source",
    ["def f(x: " + "list[" * 180 + "int" + "]" * 180 + "): ...", "def f(x=" + "1+" * 900 + "1): ...",
     "def f(x: '" + "(" * 150 + ")" * 150 + "'): ...", "T = 'T'\ndef f(x: T): ...",
     "class P(P, BaseModel): x: int\ndef f(x: P): ..."],
)  # fmt: skip
def test_hostile_sources_end_in_a_sentence(source):
    try:
        result = read(source)
    except StudioError as error:
        assert error.hint
    else:
        assert len(result.tools) + len(result.rejected) == 1
