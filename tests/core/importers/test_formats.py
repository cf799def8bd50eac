"""A file of each form as people have it, and exactly what comes out of it."""

from pathlib import Path

import pytest

from core.importers import read_examples
from core.schema import Example, Tool, ToolCall, Turn

FIXTURES = Path(__file__).parent / "fixtures" / "examples"


def text(**more):
    return {"type": "string", "description": "", **more}


FORECAST = Tool(
    "forecast",
    "",
    {
        "type": "object",
        "properties": {
            "city": text(),
            "days": text(type="integer"),
            "metric": text(type="boolean"),
            "stops": text(type="array", items={"type": "string"}),
        },
        "required": ["city"],
    },
)


def read(name: str, tools=(), **options):
    result = read_examples((FIXTURES / name).read_bytes(), name, list(tools), **options)
    return result


def call(name: str, **arguments) -> ToolCall:
    return ToolCall(name, arguments)


def rejects(result) -> list[tuple[int, str]]:
    return [(reject.row, reject.reason) for reject in result.rejected]


def names(result) -> list[str]:
    return [tool.name for tool in result.found_tools]


def test_openai_messages():
    result = read("openai.jsonl")
    two = (call("get_weather", city="Zürich"), call("get_weather", city="Rome", unit="c"))
    asked = (
        Turn("user", "Is it cold in Oslo?"),
        Turn("assistant", "", (call("get_weather", city="Oslo"),)),
        Turn("tool", '{"celsius": -3}', name="get_weather"),
    )
    assert result.examples == [
        Example(
            (Turn("system", "You are a helpful assistant."), Turn("user", "Weather in Zürich and Rome?")), two
        ),
        Example(asked, (), "Yes, -3 °C."),
        Example.single("Tell me a joke", reply="I can only tell the weather."),
    ]
    assert rejects(result) == [(4, "time is missing. at is not a parameter of this tool.")]
    assert (result.format, result.total, names(result)) == ("openai", 4, ["get_weather", "set_alarm"])
    assert result.notes[-1].endswith("choose every answer to teach them too, first in row 2 (1 in all).")


def test_openai_messages_with_every_answer():
    result = read("openai.jsonl", every_answer=True)
    assert [(e.prompt, e.tools, e.reply) for e in result.examples] == [
        ("Weather in Zürich and Rome?", "get_weather", ""),
        ("Is it cold in Oslo?", "get_weather", ""),
        ("Is it cold in Oslo?", "", "Yes, -3 °C."),
        ("Tell me a joke", "", "I can only tell the weather."),
    ]
    assert (result.total, len(result.rejected)) == (4, 1), "rows are counted, not examples"
    assert not any("every answer" in note for note in result.notes)


def test_trl_prompt_and_completion():
    result = read("trl.jsonl")
    assert result.examples == [
        Example.single("Set an alarm for six", call("set_alarm", time="06:00")),
        Example.single("Weather in Lima?", call("get_weather", city="Lima")),
        Example.single("Thanks!", reply="You are welcome."),
    ]
    assert (result.format, result.rejected, result.notes) == ("trl", [], [])


def test_sharegpt():
    result = read("sharegpt.json")
    before = (
        Turn("system", "Be brief."),
        Turn("user", "I was born in 1990, how old am I?"),
        Turn("assistant", "", (call("calculate_age", birth_year=1990),)),
        Turn("tool", '{"age": 35}', name="calculate_age"),
    )
    both = (call("calculate_age", birth_year=1995), call("calculate_age", birth_year=1999))
    assert result.examples == [
        Example(before, (), "You are 35."),
        Example.single("And my sister, 1995, and brother, 1999?", *both),
        Example.single("Hello", reply="Hi! How can I help?"),
    ]
    assert rejects(result) == [(4, "Message 2 has no role that is known: 'narrator'.")]
    assert (result.format, names(result)) == ("sharegpt", ["calculate_age"])


def test_hermes():
    result = read("hermes.json")
    doors = (call("lock_door", door="front"), call("lock_door", door="back"))
    before = (
        Turn("user", "Lock the front and the back door."),
        Turn("assistant", "", doors),
        Turn("tool", '{"door": "front", "locked": true}', name="lock_door"),
        Turn("tool", "back is locked", name="lock_door"),
    )
    assert result.examples == [
        Example(before, (), "Both doors are locked."),
        Example.single("It's the user's cellar, lock it", call("lock_door", door="user's cellar")),
    ]
    ((row, reason),) = rejects(result)
    assert row == 3 and reason.startswith("The answer holds a call that cannot be read")
    assert (result.format, names(result)) == ("hermes", ["lock_door"])
    assert any("system prompt that lists the tools was left out" in note for note in result.notes)
    assert any("thinks" in note for note in result.notes)


def test_xlam():
    result = read("xlam.json")
    # `type` is a name that a model would not see; tool and calls are renamed alike.
    kinds = [call("live_giveaways_by_type", live_giveaways_by_type_type=kind) for kind in ("beta", "game")]
    assert result.examples == [
        Example.single("Where can I find live giveaways for beta access and games?", *kinds),
        Example.single("Are 7 and 9 prime?", call("math_is_prime", numbers=[7, 9], strict=True)),
        Example.single("Sing to me"),
    ]
    assert rejects(result) == [(4, "numbers should be a list, not '8'.")]
    giveaways, prime = result.found_tools
    assert giveaways.required == [] and giveaways.originals == {"live_giveaways_by_type_type": "type"}
    assert prime.required == ["numbers"] and prime.properties["numbers"]["items"] == {"type": "integer"}
    assert prime.restored(result.examples[1].calls[0])["name"] == "math.is_prime"
    assert "math.is_prime is called math_is_prime here." in result.notes


def test_mobile_actions():
    result = read("mobile_actions.jsonl")
    two = (call("turn_on_flashlight"), call("send_email", to="ann@example.com", subject="I am late"))
    assert [(e.split, e.prompt, e.calls) for e in result.examples] == [
        ("train", "Light on, then mail ann@example.com that I am late", two),
        ("test", "I need light", (call("turn_on_flashlight"),)),
    ]
    assert all(e.turns[0].role == "system" and "Monday" in e.turns[0].content for e in result.examples)
    assert rejects(result) == [(3, "subject should be text, not None.")]
    assert (result.format, names(result)) == ("mobile-actions", ["turn_on_flashlight", "send_email"])
    assert result.found_tools[1].properties["to"]["type"] == "string"


def test_the_tuning_labs_table():
    result = read("tuning_lab.csv")
    assert result.examples == [
        Example.single(
            "What is the reimbursement limit for travel meals?",
            call("search_knowledge_base", query="travel meal reimbursement limit"),
        ),
        Example.single("Who won the cup, again?", call("search_google", query="cup winner")),
    ]
    assert result.format == "tuning-lab" and rejects(result)[0][0] == 3


def test_our_own_records_come_back_as_they_were():
    result = read("callwright.jsonl")
    weather = call("get_weather", city="Bern")
    turns = (
        Turn("system", "Be brief."),
        Turn("user", "Weather in Bern?"),
        Turn("assistant", "", (weather,)),
        Turn("tool", "12", name="get_weather"),
        Turn("user", "and Basel?"),
    )
    assert result.examples == [
        Example(turns, (call("get_weather", city="Basel"),), "", "test"),
        Example.single("thanks"),
    ]
    assert (result.format, result.rejected) == ("callwright", [])


def test_a_column_for_each_argument():
    result = read("arguments_apart.csv", [FORECAST])
    assert result.examples == [
        Example.single("Forecast for Paris, three days", call("forecast", city="Paris", days=3, metric=True)),
        Example.single("Long weekend in Nice?", call("forecast", city="Nice", days=4, stops=["Lyon", "Aix"])),
        Example.single("Good morning"),
    ]
    assert rejects(result) == [(4, 'days is "a few", which is not a whole number.')]


@pytest.mark.parametrize("file", sorted(FIXTURES.iterdir()), ids=lambda file: file.name)
def test_the_ending_does_not_matter(file):
    tools = [FORECAST] if "apart" in file.name else []
    named = read_examples(file.read_bytes(), file.name, tools)
    pasted = read_examples(file.read_bytes(), "pasted", tools)
    assert (pasted.examples, pasted.rejected) == (named.examples, named.rejected)
