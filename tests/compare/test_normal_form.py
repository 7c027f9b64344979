"""Values of both sides that mean the same are equal, and no others."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas
import pytest

from maxcompute_reader import _MicrosecondTimedelta
from normal_form import SourceColumn, UnsupportedType, column_forms, select_expression

BEYOND_PANDAS = pandas.Timestamp(datetime(9999, 12, 31, 23, 59, 59)) + _MicrosecondTimedelta(nanoseconds=999_999_000)


def same(column_type: str, sink_type: str, source: Any, sink: Any) -> bool:
    forms = column_forms(SourceColumn("c", column_type.partition("(")[0].partition(" ")[0], column_type), sink_type)
    assert forms is not None, f"{column_type} may not become {sink_type}"
    return bool((forms.source(source) if forms.source else source) == (forms.sink(sink) if forms.sink else sink))


@pytest.mark.parametrize(
    ("column_type", "sink_type", "source", "sink"),
    [
        ("bigint", "bigint", -(2**63), -(2**63)),
        ("bigint unsigned", "decimal(20,0)", 2**64 - 1, Decimal(2**64 - 1)),
        ("tinyint(1)", "boolean", 2, False),
        ("tinyint(1)", "boolean", 1, True),
        ("bit(1)", "boolean", b"\x01", True),
        ("decimal(10,2)", "decimal(10,2)", Decimal("1.50"), Decimal("1.5")),
        ("decimal(10,2)", "decimal(12,4)", Decimal("1.50"), Decimal("1.5000")),
        ("decimal(65,2)", "string", Decimal("1.50"), "1.50"),
        ("float", "float", 1.100000023841858, 1.100000023841858),
        ("float(7,3)", "double", 1.100000023841858, 1.1),
        ("double", "double", 0.1, 0.1),
        ("date", "date", date(1, 1, 1), date(1, 1, 1)),
        ("datetime(6)", "timestamp_ntz", datetime(9999, 12, 31, 23, 59, 59, 999999), BEYOND_PANDAS),
        (
            "timestamp(3)",
            "timestamp",
            datetime(2020, 1, 1, 0, 0, 0, 5000),
            pandas.Timestamp("2020-01-01T02:00:00.005+0200"),
        ),
        ("varchar(5)", "string", "é", "é"),
        ("blob", "binary", b"\xff\x00", bytearray(b"\xff\x00")),
        ("json", "string", '{"b": 1.50, "a": [1]}', '{"b": 1.50, "a": [1]}'),
        ("json", "string", '{"b": 1.50, "a \\" ": [1]}', '{"b":1.50,"a \\" ":[1]}'),
        ("json", "json", '{"b": 1.50, "a": [1]}', '{"a":[1],"b":1.5}'),
        ("bit(12)", "binary", b"\x0a\xbc", b"\x0a\xbc"),
        ("year", "int", 0, 0),
        ("time(6)", "string", "-838:59:58.000001", "-838:59:58.000001"),
        ("enum('a','ü')", "string", "ü", "ü"),
        ("set('a','b')", "array<string>", "a,b", ["a", "b"]),
        ("set('a','b')", "array<string>", "", []),
        ("set('a','b')", "string", "a,b", "a,b"),
        ("vector(2)", "array<float>", "0000803FCDCC8C3F", [1.0, 1.100000023841858]),
        (
            "point",
            "string",
            '{"type": "Point", "coordinates": [1.0, -2.5], "srid": 4326}',
            '{"coordinates":[1,-2.5],"type":"Point","srid":4326}',
        ),
    ],
)
def test_the_same_value_on_both_sides_is_equal(column_type: str, sink_type: str, source: Any, sink: Any) -> None:
    assert same(column_type, sink_type, source, sink)


@pytest.mark.parametrize(
    ("column_type", "sink_type", "source", "sink"),
    [
        ("int", "int", 1, True),
        ("int", "int", 1, "1"),
        ("bigint unsigned", "decimal(20,0)", 2**64 - 1, Decimal(-1)),
        ("decimal(10,2)", "decimal(10,2)", Decimal("1.50"), Decimal("1.51")),
        ("decimal(65,2)", "string", Decimal("1.50"), "1.5"),
        ("float", "float", 1.100000023841858, 1.1000001430511475),
        ("double", "double", 0.1, 0.10000000149011612),
        ("datetime(6)", "timestamp_ntz", datetime(2020, 1, 1, 0, 0, 0, 1), pandas.Timestamp("2020-01-01")),
        ("datetime(6)", "timestamp_ntz", datetime(2020, 1, 1), pandas.Timestamp("2020-01-01T00:00:00.000000001")),
        ("timestamp", "timestamp", datetime(2020, 1, 1), pandas.Timestamp("2020-01-01T00:00:00+0800")),
        ("varchar(5)", "string", "a", "a "),
        ("blob", "binary", b"a", "a"),
        ("json", "string", "[1]", "[2]"),
        ("json", "string", '{"b": 1, "a": 2}', '{"a": 2, "b": 1}'),
        ("json", "string", "[1.0]", "[1]"),
        ("json", "string", '"a b"', '"ab"'),
        ("bit(12)", "binary", b"\x0a\xbc", b"\xbc\x0a"),
        ("bit(1)", "boolean", b"\x00", True),
        ("time(3)", "string", "10:11:12.500", "10:11:12.5"),
        ("year", "int", 0, 1900),
        ("set('a','b')", "array<string>", "a,b", ["b", "a"]),
        ("set('a','b')", "array<string>", "a,b", "a,b"),
        ("vector(1)", "array<float>", "0000803F", [1.0000001192092896]),
        (
            "point",
            "string",
            '{"type": "Point", "coordinates": [1.0, 2.0], "srid": 0}',
            '{"coordinates":[2,1],"type":"Point","srid":0}',
        ),
    ],
)
def test_another_value_is_not_equal(column_type: str, sink_type: str, source: Any, sink: Any) -> None:
    assert not same(column_type, sink_type, source, sink)


@pytest.mark.parametrize(
    ("data_type", "column_type", "sink_type"),
    [
        ("int", "int", "string"),
        ("int", "int", "boolean"),
        ("decimal", "decimal(10,4)", "decimal(10,2)"),
        ("double", "double", "float"),
        ("datetime", "datetime", "timestamp"),
        ("timestamp", "timestamp", "timestamp_ntz"),
        ("blob", "blob", "string"),
        ("bit", "bit(2)", "string"),
        ("json", "json", "binary"),
        ("vector", "vector(2)", "array<double>"),
        ("polygon", "polygon", "binary"),
    ],
)
def test_a_sink_type_that_cannot_hold_the_source_is_refused(data_type: str, column_type: str, sink_type: str) -> None:
    assert column_forms(SourceColumn("c", data_type, column_type), sink_type) is None


def test_an_unknown_source_type_is_an_error_that_names_the_column() -> None:
    with pytest.raises(UnsupportedType, match="column place.*xmltype"):
        column_forms(SourceColumn("place", "xmltype", "xmltype"), "string")


def test_a_zero_date_is_null() -> None:
    forms = column_forms(SourceColumn("c", "datetime", "datetime"), "timestamp_ntz")
    assert forms is not None and forms.source is not None
    assert forms.source("0000-00-00 00:00:00") is None


def test_a_float_is_selected_as_a_double_and_names_are_quoted() -> None:
    assert select_expression(SourceColumn("a`b", "float", "float")) == "CAST(`a``b` AS DOUBLE)"
