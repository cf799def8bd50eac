"""Names made safe: near to the old ones, legal, and never two alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.schema.names import safe_parameter_name, safe_tool_name, usable
from core.schema.tool import NAME, RESERVED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pets.list", "pets_list"),
        ("get /pets/{petId}", "get_pets_petId"),
        ("Größe des Zimmers", "Grosse_des_Zimmers"),
        ("čeština", "cestina"),
        ("Łódź", "Lodz"),
        ("straße", "strasse"),
        ("搜索", "tool"),
        ("1st", "tool_1st"),
        ("--x", "x"),
        ("_a.b_", "a_b"),
        ("", "tool"),
        ("a\nb\u202ec", "a_b_c"),
    ],
)
def test_a_tool_keeps_what_can_be_kept_of_its_name(old, new):
    assert safe_tool_name(old, set()) == new


@pytest.mark.parametrize("old", RESERVED)
def test_parameters_that_the_template_drops_are_called_after_their_owner(old):
    assert safe_parameter_name(old, "filter", set()) == f"filter_{old}"


def test_what_becomes_a_reserved_name_is_no_exception():
    assert safe_parameter_name("týpe", "filter", set()) == "filter_type"


def test_a_name_that_is_taken_gets_a_number():
    assert safe_tool_name("a.b", {"a_b"}) == "a_b_2"
    assert safe_tool_name("a.b", {"a_b", "a_b_2"}) == "a_b_3"


def test_long_names_that_begin_alike_stay_apart():
    one, other = safe_tool_name("x" * 100, set()), safe_tool_name("x" * 101, set())
    assert one != other and len(one) == len(other) == 64
    assert len(safe_tool_name("x" * 100, {one})) == 64


@given(st.text(max_size=200), st.text(alphabet="ab_", min_size=1, max_size=64), st.sets(st.text(max_size=4)))
def test_every_text_becomes_a_legal_name(old, owner, taken):
    tool, parameter = safe_tool_name(old, taken), safe_parameter_name(old, owner, taken)
    assert NAME.fullmatch(tool) and tool not in taken
    assert usable(parameter) and parameter not in taken
