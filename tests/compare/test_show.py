"""Tables as text."""

from __future__ import annotations

from show import aligned, cell


def test_numbers_stand_to_the_right_and_texts_to_the_left() -> None:
    lines = aligned(["id", "name"], ["bigint", "string"], [["1", "Ada"], ["20", "Jo"]])
    assert lines == ["id  name", "--  ----", " 1  Ada", "20  Jo"]


def test_a_table_without_rows_has_its_heading() -> None:
    assert aligned(["id"], ["bigint"], []) == ["id", "--"]


def test_a_cell_is_one_line_of_bounded_width() -> None:
    assert cell(None) == "NULL"
    assert cell(b"\x00\xff") == "0x00ff"
    assert cell("a\nb") == "a·b"
    assert len(cell("x" * 1000)) == 26


def test_a_float_is_shown_with_the_digits_that_it_has() -> None:
    assert cell(0.10000000149011612, "float") == "0.1"
    assert cell(0.10000000149011612, "double") == "0.10000000149011612"
