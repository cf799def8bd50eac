"""JSON with nothing in it that a call cannot carry."""

import pytest

from core.prompt import strict_json


def test_a_value():
    assert strict_json.read(' {"a": [1, 2.5, null, "\u00e9"]}\n') == {"a": [1, 2.5, None, "\u00e9"]}
    assert strict_json.read_at('x {"a": 1} y', 1) == ({"a": 1}, 10)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cut off"),
        ('{"a": ', "cut off"),
        ('{"a": x}', 'breaks at "x}"'),
        ("1 2", "follows"),
        ("NaN", "NaN"),
        ("-Infinity", "Infinity"),
        ("1e999", "too large"),
        ("9" * 5000, "too large"),
        ('{"a": 1, "a": 2}', "twice"),
        ("[" * 100_000, "nested"),
    ],
)
def test_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        strict_json.read(text)
