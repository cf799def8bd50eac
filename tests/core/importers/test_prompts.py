"""Prompts from lines and from files: blank ones and repeats go, the column of a table is found, limits are said."""

import pytest

from core.errors import StudioError
from core.importers.prompts import LARGEST, LONGEST, MOST, of_file, of_text


def test_lines_are_prompts() -> None:
    assert of_text("one\r\n\n  two  \none\n") == ["one", "two"]
    assert of_file("één\ntwee".encode(), "list.txt") == ["één", "twee"]
    assert of_file("é".encode("cp1252") + b"n", "list.txt") == ["én"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('id,Prompt\n1,"one, and more"\n2,two\n3,\n', "a.csv"),
        ("Question;n\none, and more;1\ntwo;2\n", "a.csv"),
        ("one, and more\tno\ntwo\tyes\n".join(["words\tn\n", ""]), "a.tsv"),
    ],
)
def test_a_table_gives_the_column_of_prompts_or_its_first_one(text: str, name: str) -> None:
    assert of_file(text.encode(), name) == ["one, and more", "two"]


def test_a_prompt_of_several_lines_is_one() -> None:
    assert of_file(b'prompt\n"one\ntwo"\n', "a.csv") == ["one two"]


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"\n \n", "a.txt", "empty"),
        (b"prompt\n\n", "a.csv", "no rows"),
        (b"prompt,n\n,1\n", "a.csv", "no prompts"),
        ("\n".join(map(str, range(MOST + 1))).encode(), "a.txt", f"more than {MOST}"),
        (("prompt\n" + "\n".join(map(str, range(5000)))).encode(), "a.csv", f"more than {MOST}"),
        (b"a\n" + b"x" * (LONGEST + 1), "a.txt", "Prompt 2 is longer"),
        (b"x" * (LARGEST + 1), "a.txt", "larger than"),
        (b"\x00\x01\x02\x00" * 50, "a.txt", "not a text file"),
        (b'prompt,n\n"open,1\n', "a.csv", "cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(data: bytes, name: str, words: str) -> None:
    with pytest.raises(StudioError, match=words):
        of_file(data, name)


def test_nothing_pasted_is_said() -> None:
    with pytest.raises(StudioError, match="no prompts"):
        of_text("  \n")
