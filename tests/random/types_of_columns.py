"""Column types drawn at random, each with what may be written into it: an SQL expression.

Extremes come often. An expression need not fit: rows are written with `INSERT IGNORE`, and the server makes the nearest
value of it, an invalid date included. What it made is read back from the server, so that nothing here has to know.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

Value = Callable[[random.Random], str]

INTEGER_BITS = {"TINYINT": 8, "SMALLINT": 16, "MEDIUMINT": 24, "INT": 32, "BIGINT": 64}
#: Every character set of the server but swe7 and those that the server itself cannot store in a column.
CHARSETS = (
    *("utf8mb4", "utf8mb3", "latin1", "latin2", "latin5", "latin7", "ascii", "armscii8", "cp1250", "cp1251", "cp1256"),
    *("cp1257", "cp850", "cp852", "cp866", "dec8", "geostd8", "greek", "hebrew", "hp8", "keybcs2", "koi8r", "koi8u"),
    *("macce", "macroman", "tis620", "gbk", "gb2312", "big5", "cp932", "sjis", "euckr", "ujis", "eucjpms"),
    *("ucs2", "utf16", "utf16le", "utf32"),
)
MYSQL_CHARSETS = (*CHARSETS, "gb18030")
ALPHABETS = (
    *("abcXYZ019 _-'\"\\%\0\n\t,;", "äöüßéèñçøÅÆ€ž", "ąćęłőűčď", "αβγδεΩάώ", "абвгдЯЖё", "אבגדה", "ابتثج", "กขคงจ"),
    *("你好世界中文漢字", "ひらがなカタカナ日本", "한국어가나다", "աբգդ", "აბგდ", "😀🎉𝄞𠀀"),
)
GEOMETRIES = ("GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON")
INSTANTS = ("0001-01-01 00:00:00", "1000-01-01 00:00:00", "1969-12-31 23:59:59", "1970-01-01 00:00:00")
INSTANTS += ("1970-01-01 00:00:01", "2038-01-19 03:14:07", "9999-12-31 23:59:59", "2000-02-29 12:34:56")
ODD_DATES = ("0000-00-00", "2020-00-00", "2020-05-00", "2021-02-31", "0000-01-01", "1900-02-29")


@dataclass(frozen=True)
class ColumnType:
    #: As in `CREATE TABLE`, without nullability.
    sql: str
    #: Draws an expression for a value.
    value: Value
    #: What a key part of the column needs behind its name; None where the type can be no key.
    key: str | None = ""
    #: Bytes of the column in a key, at most.
    key_bytes: int = 8
    #: In a key, where a date has to be one.
    key_value: Value | None = None


def column_type(chance: random.Random, mariadb: bool) -> ColumnType:
    """A type of the server's."""
    makers = [integer, integer, real, decimal, bit, day, time, instant, year, text, text, long_text, member, binary]
    makers += [long_binary, json, geometry]
    if mariadb:
        return chance.choice([*makers, mariadb_only])(chance, mariadb)
    return chance.choice([*makers, vector])(chance, mariadb)


def integer(chance: random.Random, _: bool) -> ColumnType:
    name = chance.choice((*INTEGER_BITS, "TINYINT(1)", "BOOL"))
    bits = INTEGER_BITS.get(name, 8)
    attributes = chance.choice(("", "", " UNSIGNED", " ZEROFILL")) if name in INTEGER_BITS else ""
    low, high = (0, 2**bits - 1) if attributes else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return ColumnType(name + attributes, extremes(low, -1, 0, 1, 2, high, between=(low, high)))


def real(chance: random.Random, _: bool) -> ColumnType:
    name = chance.choice(
        ("FLOAT", "FLOAT(7,3)", "FLOAT(20)", "FLOAT(30)", "DOUBLE", "DOUBLE(15,4)", "REAL", "FLOAT UNSIGNED")
    )
    numbers = ("0", "-0e0", "1e-45", "1.17549435e-38", "3.40282347e38", "-3.4e38", "16777217", "0.1", "-1.5", "1e15")
    numbers += ("2.2250738585072014e-308", "1.7976931348623157e308", "123456.789", "9007199254740993")

    def value(chance: random.Random) -> str:
        if chance.random() < 0.5:
            return chance.choice(numbers)
        return repr(chance.uniform(-1, 1) * 10.0 ** chance.randint(-12, 12))

    return ColumnType(name, value)


def decimal(chance: random.Random, mariadb: bool) -> ColumnType:
    digits = chance.choice((1, 9, 10, 18, 19, 37, 38, 39, 65, chance.randint(1, 65)))
    scale = min(digits, 30, chance.choice((0, 1, 2, 9, 30, chance.randint(0, 30))))
    attributes = chance.choice(("", "", "", " UNSIGNED"))

    def value(chance: random.Random) -> str:
        figures = str(chance.choice((10**digits - 1, 0, 1, chance.randrange(10 ** chance.randint(1, digits)))))
        figures = figures.rjust(scale + 1, "0")
        point = len(figures) - scale
        return chance.choice(("", "-")) + figures[:point] + ("." + figures[point:] if scale else "")

    return ColumnType(f"DECIMAL({digits},{scale}){attributes}", value, key_bytes=32)


def bit(chance: random.Random, _: bool) -> ColumnType:
    bits = chance.choice((1, 1, 7, 8, 9, 63, 64, chance.randint(1, 64)))
    return ColumnType(f"BIT({bits})", extremes(0, 1, 2**bits - 1, 2 ** (bits - 1), between=(0, 2**bits - 1)))


def extremes(*fixed: int, between: tuple[int, int]) -> Value:
    return lambda chance: str(chance.choice((*fixed, chance.randint(*between), chance.randint(*between))))


def day(_: random.Random, __: bool) -> ColumnType:
    def value(chance: random.Random) -> str:
        if chance.random() < 0.4:
            return f"'{chance.choice((*ODD_DATES, *(moment[:10] for moment in INSTANTS)))}'"
        return f"'{chance.randint(0, 9999):04}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}'"

    return ColumnType("DATE", value, key_value=a_day)


def a_day(chance: random.Random) -> str:
    return f"'{chance.randint(1971, 2037)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}'"


def time(chance: random.Random, _: bool) -> ColumnType:
    def value(chance: random.Random) -> str:
        if chance.random() < 0.3:
            times = (
                "-838:59:59",
                "838:59:59",
                "00:00:00",
                "-00:00:00.5",
                "-00:00:00.000001",
                "24:00:00",
                "23:59:59.999999",
            )
            return f"'{chance.choice(times)}'"
        micros = chance.randrange(10**6)
        return f"'{chance.choice(('', '-'))}{chance.randint(0, 837)}:{chance.randint(0, 59)}:{chance.randint(0, 59)}.{micros:06}'"

    return ColumnType(f"TIME({chance.randint(0, 6)})", value)


def instant(chance: random.Random, _: bool) -> ColumnType:
    name = chance.choice(("DATETIME", "TIMESTAMP"))

    def value(chance: random.Random) -> str:
        if chance.random() < 0.5:
            return f"'{chance.choice((*ODD_DATES, *INSTANTS))}{chance.choice(('', '.5', '.000001', '.999999'))}'"
        first, last = (1970, 2037) if name == "TIMESTAMP" else (0, 9999)
        clock = f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}.{chance.randrange(10**6):06}"
        return f"'{chance.randint(first, last):04}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02} {clock}'"

    return ColumnType(f"{name}({chance.randint(0, 6)})", value, key_value=a_day)


def year(_: random.Random, __: bool) -> ColumnType:
    return ColumnType("YEAR", extremes(0, 1901, 2155, 1970, between=(1901, 2155)))


def letters(chance: random.Random, most: int) -> str:
    alphabet = chance.choice(ALPHABETS) + chance.choice(ALPHABETS)
    return "".join(chance.choice(alphabet) for _ in range(chance.choice((0, 1, most, chance.randint(0, most)))))


def literal(text: str) -> str:
    """A text in whatever character set the column has; characters that it lacks become question marks."""
    return f"_utf8mb4 X'{text.encode().hex()}'" if text else "''"


def charset(chance: random.Random, mariadb: bool) -> str:
    return f" CHARACTER SET {chance.choice(CHARSETS if mariadb else MYSQL_CHARSETS)}" if chance.random() < 0.8 else ""


def text(chance: random.Random, mariadb: bool) -> ColumnType:
    length = chance.choice((1, 2, 10, 63, 64, 85, 86, 255, chance.randint(0, 255)))
    name = chance.choice(("CHAR", "VARCHAR", "VARCHAR", "NCHAR"))
    sql = f"{name}({length})" + ("" if name == "NCHAR" else charset(chance, mariadb))
    padding = ("", "", " ", "  ")

    def value(chance: random.Random) -> str:
        return literal((letters(chance, length) + chance.choice(padding))[:length])

    return ColumnType(sql, value, f"({min(length, chance.choice((10, 100)))})" if length > 100 else "", 1020)


def long_text(chance: random.Random, mariadb: bool) -> ColumnType:
    name = chance.choice(("TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT"))
    most = chance.choice((20, 60, 20_000 if name != "TINYTEXT" else 60))
    return ColumnType(name + charset(chance, mariadb), lambda chance: literal(letters(chance, most)), "(20)", 80)


def member(chance: random.Random, mariadb: bool) -> ColumnType:
    name = chance.choice(("ENUM", "SET"))
    count = chance.choice((1, 2, 8, 9, 63, 64)) if name == "SET" else chance.choice((1, 3, 255, 256, 300))
    odd = ("it''s", "a b", "(x)", "ö", "", "\\\\") if name == "ENUM" else ("it''s", "a b", "(x)", "ö", "\\\\")
    names = [f"m{number}" for number in range(count)]
    names[0] = chance.choice((names[0], *odd))
    quoted = ", ".join(f"'{name}'" for name in names)
    # One in which every member can be written.
    sql = f"{name}({quoted})" + chance.choice(
        ("", " CHARACTER SET latin1", " CHARACTER SET utf8mb4", " CHARACTER SET cp850")
    )
    if name == "SET":
        return ColumnType(sql, extremes(0, 1, 2**count - 1, between=(0, 2**count - 1)))
    return ColumnType(sql, extremes(1, count, between=(0, count)))


def octets(chance: random.Random, most: int) -> str:
    length = chance.choice((0, 1, most, chance.randint(0, most)))
    drawn = bytes(chance.choice((0, 0x20, 0xFF, chance.randrange(256))) for _ in range(length))
    return f"X'{drawn.hex()}'"


def binary(chance: random.Random, _: bool) -> ColumnType:
    length = chance.choice((0, 1, 16, 255, chance.randint(1, 255)))
    name = chance.choice(("BINARY", "VARBINARY"))
    return ColumnType(f"{name}({length})", lambda chance: octets(chance, length), key_bytes=255)


def long_binary(chance: random.Random, _: bool) -> ColumnType:
    name = chance.choice(("TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB"))
    most = chance.choice((20, 255, 70_000 if name in ("MEDIUMBLOB", "LONGBLOB") else 255))
    return ColumnType(name, lambda chance: octets(chance, most), "(20)", 20)


def json(_: random.Random, mariadb: bool) -> ColumnType:
    return ColumnType("JSON", lambda chance: document(chance, 3, mariadb), None)


def document(chance: random.Random, depth: int, mariadb: bool) -> str:
    """An expression for a JSON document; some hold values for which JSON has no word."""
    if depth and chance.random() < 0.6:
        parts = range(chance.choice((0, 1, 3, 3, 40 if depth == 3 else 2)))
        if chance.random() < 0.5:
            return f"JSON_ARRAY({', '.join(document(chance, depth - 1, mariadb) for _ in parts)})"
        pairs = (f"{literal(f'{part}' + letters(chance, 6))}, {document(chance, depth - 1, mariadb)}" for part in parts)
        return f"JSON_OBJECT({', '.join(pairs)})"
    scalars = [
        "1",
        "-1",
        "NULL",
        "true",
        "32767",
        "-32769",
        "65536",
        "2147483648",
        "9223372036854775807",
        "-9223372036854775808",
    ]
    scalars += ["18446744073709551615", "1e0", "1.5e0", "-2.5e-7", "1e100", "0.1e0"]
    scalar = chance.choice((*scalars, literal(letters(chance, chance.choice((3, 12, 200))))))
    if not mariadb and chance.random() < 0.3:
        scalar = chance.choice(
            (
                *("CAST('2020-02-03' AS DATE)", "CAST('-10:11:12.000001' AS TIME(6))", "CAST('1.50' AS DECIMAL(10,2))"),
                *("CAST('9999-12-31 23:59:59.999999' AS DATETIME(6))", "CAST(X'00ff20' AS BINARY)", "b'101'"),
                *(f"CAST('-{'9' * 35}.{'9' * 30}' AS DECIMAL(65,30))", "TIMESTAMP'1000-01-01 00:00:00'"),
            )
        )
    return scalar if depth < 3 else f"JSON_EXTRACT(JSON_ARRAY({scalar}), '$[0]')"


def geometry(chance: random.Random, mariadb: bool) -> ColumnType:
    name = chance.choice((*GEOMETRIES, "GEOMETRYCOLLECTION"))
    # Bounded, since an axis of a geographic system is.
    system = chance.choice((0, 0, 4326)) if not mariadb else 0

    def point() -> str:
        return f"{chance.choice((0, 1.5, -80.25, round(chance.uniform(-80, 80), 9)))} {chance.choice((0, 2, -80.125))}"

    def line() -> str:
        return f"({point()}, 3 4, 5 6.5)"

    def shape(name: str) -> str:
        match name:
            case "POINT":
                return f"POINT({point()})"
            case "LINESTRING":
                return f"LINESTRING{line()}"
            case "POLYGON":
                return "POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (2 2, 2 4, 4 4, 4 2, 2 2))"
            case "MULTIPOINT":
                return f"MULTIPOINT({point()}, {point()})"
            case "MULTILINESTRING":
                return f"MULTILINESTRING({line()}, {line()})"
            case "MULTIPOLYGON":
                return "MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))"
            case "GEOMETRYCOLLECTION":
                return f"GEOMETRYCOLLECTION({', '.join(shape(part) for part in chance.sample(GEOMETRIES[1:], 2))})"
            case _:
                return shape(chance.choice((*GEOMETRIES[1:], "GEOMETRYCOLLECTION")))

    return ColumnType(name, lambda _: f"ST_GeomFromText('{shape(name)}', {system})", None)


def vector(chance: random.Random, _: bool) -> ColumnType:
    dimensions = chance.choice((1, 3, 100))

    def value(chance: random.Random) -> str:
        numbers = (
            chance.choice(("0", "1", "-1.5", "3.4e38", "1e-30", str(chance.uniform(-9, 9)))) for _ in range(dimensions)
        )
        return f"STRING_TO_VECTOR('[{','.join(numbers)}]')"

    return ColumnType(f"VECTOR({dimensions})", value, None)


def mariadb_only(chance: random.Random, _: bool) -> ColumnType:
    groups = [f"{chance.randrange(65536):x}" for _ in range(8)]
    match chance.choice(("UUID", "INET6", "VARCHAR(100) COMPRESSED", "BLOB COMPRESSED", "TEXT COMPRESSED")):
        case "UUID":
            return ColumnType("UUID", lambda chance: f"'{chance.randbytes(16).hex()}'")
        case "INET6":
            return ColumnType("INET6", lambda chance: chance.choice(("'::'", "'::1.2.3.4'", f"'{':'.join(groups)}'")))
        case "BLOB COMPRESSED":
            return ColumnType("BLOB COMPRESSED", lambda chance: octets(chance, 3000), None)
        case compressed:
            return ColumnType(compressed, lambda chance: literal(letters(chance, 80) * chance.randint(1, 20)), None)
