"""One form for a value of MySQL and for the value of MaxCompute that stands for it.

A column of MySQL has a set of MaxCompute types that it may have become; another type is a difference by itself. Given the
two types, each side's values are brought to a form in which Python's `==` decides:

* integers of any width and sign: the number, also when the sink keeps it as DECIMAL (BIGINT UNSIGNED);
* DECIMAL: the number; the sink's scale must not be smaller than the source's. Beyond 38 digits the text with full scale;
* FLOAT: the 32-bit number; DOUBLE: the 64-bit number;
* DATETIME, TIMESTAMP: the wall clock, in UTC for the latter, to the microsecond; an invalid or zero date is NULL;
* character types, ENUM, UUID, INET4, INET6: the text; BINARY, VARBINARY, BLOB, BIT: the bytes;
* JSON as text: the server's own text, key order and spelling of numbers included, with or without its blanks; as JSON: the
  parsed document;
* TIME: `HH:MM:SS[.ffffff]` with the column's precision; BIT(1) and TINYINT(1) as BOOLEAN: whether it is 1;
* SET: its members in order, or in a key their text;
* geometries: GeoJSON with the SRID, parsed; VECTOR: its 32-bit numbers.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

Form = Callable[[Any], Any]


class UnsupportedType(Exception):
    """A source column whose values this comparer cannot judge."""


@dataclass(frozen=True)
class SourceColumn:
    name: str
    #: `int`, `varchar`, ...: DATA_TYPE of information_schema.COLUMNS.
    data_type: str
    #: `int unsigned`, `varchar(20)`, ...: COLUMN_TYPE of information_schema.COLUMNS.
    column_type: str


@dataclass(frozen=True)
class SinkColumn:
    name: str
    #: MaxCompute's type in lower case: `bigint`, `decimal(20,0)`, `array<string>`.
    type: str


@dataclass(frozen=True)
class ColumnForms:
    """How the values of a column are brought to the common form; None for values that have it already."""

    source: Form | None
    sink: Form | None


INTEGERS = {"tinyint", "smallint", "int", "bigint", "decimal"}
TEXTS = {"string", "varchar", "char"}
TEXT_TYPES = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "uuid", "inet4", "inet6"}
BYTES_TYPES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
INTEGER_TYPES = {"tinyint", "smallint", "mediumint", "int", "bigint", "year"}
GEOMETRY_TYPES = {
    *("geometry", "point", "linestring", "polygon"),
    *("multipoint", "multilinestring", "multipolygon", "geomcollection", "geometrycollection"),
}
MAX_DECIMAL_DIGITS = 38


def column_forms(source: SourceColumn, sink_type: str) -> ColumnForms | None:
    """The forms for a column of this source type in a sink column of this type; None when the sink's type is wrong.

    Raises UnsupportedType for a source type outside the list above.
    """
    base = re.match(r"[a-z_]+", sink_type)
    sink = base.group() if base else sink_type
    match source.data_type:
        case "tinyint" if sink == "boolean" and source.column_type.startswith("tinyint(1)"):
            return ColumnForms(_is_one, None)
        case "bit" if sink == "boolean":
            return ColumnForms(_bit_is_one, None)
        case "bit":
            return ColumnForms(None, _bytes) if sink == "binary" else None
        case integer if integer in INTEGER_TYPES:
            return ColumnForms(int, _number) if sink in INTEGERS else None
        case "decimal":
            return _decimal_forms(source.column_type, sink_type, sink)
        case "float":
            return ColumnForms(_float32, _float32) if sink in {"float", "double"} else None
        case "double":
            return ColumnForms(None, None) if sink == "double" else None
        case "date":
            return ColumnForms(_date_or_none, None) if sink == "date" else None
        case "datetime":
            return ColumnForms(_datetime_or_none, _wall_clock) if sink == "timestamp_ntz" else None
        case "timestamp":
            return ColumnForms(_datetime_or_none, _wall_clock) if sink == "timestamp" else None
        case "json" if sink in TEXTS:
            return ColumnForms(_without_blanks, _without_blanks)
        case "json":
            return ColumnForms(_document, _document) if sink == "json" else None
        case "set" if sink_type == "array<string>":
            return ColumnForms(_members, _list)
        case "vector":
            return ColumnForms(_floats, _list) if sink_type == "array<float>" else None
        case geometry if geometry in GEOMETRY_TYPES:
            return ColumnForms(_geometry, _geometry) if sink in TEXTS else None
        case text if text in TEXT_TYPES | {"time", "set"}:
            return ColumnForms(None, None) if sink in TEXTS else None
        case octets if octets in BYTES_TYPES:
            return ColumnForms(None, _bytes) if sink == "binary" else None
        case other:
            raise UnsupportedType(f"column {source.name}: cannot compare values of type {other}")


def select_expression(column: SourceColumn) -> str:
    """What to select so that MySQL's text protocol loses nothing of the column."""
    name = quoted(column.name)
    match column.data_type:
        case "float":  # the text of a FLOAT has six digits
            return f"CAST({name} AS DOUBLE)"
        case "time":  # the client would make a duration of it and forget the precision
            return f"CAST({name} AS CHAR)"
        case "vector":  # the client would take the bytes for ASCII
            return f"HEX({name})"
        case geometry if geometry in GEOMETRY_TYPES:  # all digits, no CRS of its own
            return f"JSON_SET(ST_AsGeoJSON({name}, {2**31 - 1}, 0), '$.srid', ST_SRID({name}))"
        case _:
            return name


def quoted(identifier: str) -> str:
    return "`" + identifier.replace("`", "``") + "`"


def _decimal_forms(column_type: str, sink_type: str, sink: str) -> ColumnForms | None:
    digits, scale = _precision(column_type)
    if digits > MAX_DECIMAL_DIGITS:
        return ColumnForms(lambda value: format(value, "f"), None) if sink in TEXTS else None
    if sink != "decimal" or _precision(sink_type)[1] < scale:
        return None
    return ColumnForms(None, _number)


def _precision(type_text: str) -> tuple[int, int]:
    found = re.search(r"\((\d+)(?:,\s*(\d+))?\)", type_text)
    # MaxCompute prints its default, DECIMAL(54,18), without figures.
    return (int(found.group(1)), int(found.group(2) or 0)) if found else (54, 18)


def _number(value: Any) -> Any:
    # A text or a boolean in a numeric column must not pass for the number that it resembles.
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return ("not a number", value)
    return value


def _float32(value: float) -> float:
    (rounded,) = struct.unpack("<f", struct.pack("<f", value))
    return float(rounded)


def _is_one(value: int) -> bool:
    return value == 1


def _bit_is_one(value: bytes) -> bool:
    return value == b"\x01"


def _bytes(value: Any) -> Any:
    return bytes(value) if isinstance(value, (bytes, bytearray)) else ("not bytes", value)


def _date_or_none(value: Any) -> date | None:
    return value if isinstance(value, date) else None


def _datetime_or_none(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _wall_clock(value: Any) -> Any:
    """A pandas Timestamp as a naive datetime; one with nanoseconds stays different from every value of MySQL."""
    if value.nanosecond:
        return ("nanoseconds", str(value))
    moment: datetime = value.to_pydatetime()
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _document(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_float=Decimal)
    except ValueError:
        return ("not JSON", value)


def _without_blanks(value: Any) -> Any:
    """The text of a JSON document without the blanks outside its strings; nothing else may differ."""
    if not isinstance(value, str):
        return ("not text", value)
    return re.sub(r'("(?:[^"\\]|\\.)*")|\s+', lambda found: found.group(1) or "", value)


def _geometry(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return ("not GeoJSON", value)


def _floats(value: str) -> list[float]:
    return [number for (number,) in struct.iter_unpack("<f", bytes.fromhex(value))]


def _list(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else ("not a list", value)


def _members(value: str) -> list[str]:
    return value.split(",") if value else []
