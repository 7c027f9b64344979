"""The comparer between a real MySQL and the emulator: PyODPS copies every value, then faults are planted one at a time."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas
import pymysql
import pytest
from odps import ODPS, options

import compare
import show
from maxcompute_reader import _MicrosecondTimedelta

REPOSITORY = Path(__file__).parents[2]
EMULATOR = Path(os.environ.get("MAXCOMPUTE_EMULATOR", REPOSITORY / "target" / "release" / "maxcompute-emulator"))

PROJECT, ACCESS_ID, ACCESS_KEY = "compared", "an-id", "a-key"

# Column, type in MySQL, type in MaxCompute, values: for each row the one written in SQL and the one given to PyODPS.
COLUMNS: list[tuple[str, str, str, list[tuple[str, Any]]]] = [
    ("id", "BIGINT NOT NULL", "BIGINT NOT NULL", [("1", 1), ("-7", -7)]),
    ("serial", "BIGINT UNSIGNED", "DECIMAL(20,0)", [("0", Decimal(0)), (f"{2**64 - 1}", Decimal(2**64 - 1))]),
    ("tiny", "TINYINT", "TINYINT", [("-128", -128), ("127", 127)]),
    ("small", "SMALLINT UNSIGNED", "INT", [("0", 0), ("65535", 65535)]),
    ("medium", "MEDIUMINT", "INT", [("-8388608", -8388608), ("8388607", 8388607)]),
    ("wide", "INT UNSIGNED", "BIGINT", [("0", 0), ("4294967295", 4294967295)]),
    ("big", "BIGINT", "BIGINT", [("-9223372036854775807", -(2**63) + 1), ("9223372036854775807", 2**63 - 1)]),
    ("amount", "DECIMAL(30,10)", "DECIMAL(30,10)", [("-0.0000000001", Decimal("-1E-10")), ("12.5", Decimal("12.5"))]),
    ("huge", "DECIMAL(65,2)", "STRING", [("1.50", "1.50"), ("-9", "-9.00")]),
    ("ratio", "FLOAT", "FLOAT", [("1.1", 1.100000023841858), ("-3.4e38", -3.3999999521443642e38)]),
    ("measure", "DOUBLE", "DOUBLE", [("0.1", 0.1), ("1.7976931348623157e308", 1.7976931348623157e308)]),
    ("day", "DATE", "DATE", [("'1000-01-01'", date(1000, 1, 1)), ("'9999-12-31'", date(9999, 12, 31))]),
    (
        "moment",
        "DATETIME(6)",
        "TIMESTAMP_NTZ",
        [
            ("'1999-12-31 23:59:59.999999'", pandas.Timestamp("1999-12-31 23:59:59.999999")),
            ("'2024-02-29 00:00:00'", pandas.Timestamp("2024-02-29")),
        ],
    ),
    (
        "instant",
        "TIMESTAMP(3) NULL",
        "TIMESTAMP",
        [
            ("'2038-01-19 03:14:07.499'", pandas.Timestamp("2038-01-19 03:14:07.499")),
            ("'1970-01-01 00:00:01'", pandas.Timestamp("1970-01-01 00:00:01")),
        ],
    ),
    ("code", "CHAR(4)", "STRING", [("'ab  '", "ab"), ("''", "")]),
    ("name", "VARCHAR(40)", "STRING", [("'größer 茶 🚲'", "größer 茶 🚲"), ("' a\\\\b\\n '", " a\\b\n ")]),
    ("octets", "BINARY(4)", "BINARY", [("x'01'", b"\x01\x00\x00\x00"), ("x'FFFFFFFF'", b"\xff\xff\xff\xff")]),
    ("picture", "BLOB", "BINARY", [("x'00FF80'", b"\x00\xff\x80"), ("''", b"")]),
    ("span", "TIME(3)", "STRING", [("'-838:59:59'", "-838:59:59.000"), ("'10:11:12.5'", "10:11:12.500")]),
    ("flag", "TINYINT(1)", "BOOLEAN", [("1", True), ("0", False)]),
    ("kind", "ENUM('a','ü')", "STRING", [("'ü'", "ü"), ("'a'", "a")]),
    ("document", "JSON", "STRING", [("""'{"b": [1.5, null]}'""", '{"b":[1.5,null]}'), ("'\"x\"'", '"x"')]),
    ("year", "YEAR", "INT", [("1901", 1901), ("0000", 0)]),
    ("bits", "BIT(12)", "BINARY", [("b'101010111100'", b"\x0a\xbc"), ("0", b"\x00\x00")]),
    ("bit", "BIT(1)", "BOOLEAN", [("b'1'", True), ("b'0'", False)]),
    ("tags", "SET('a','b','ü')", "ARRAY<STRING>", [("'ü,a'", ["a", "ü"]), ("''", [])]),
    ("place", "POINT SRID 4326", "STRING", [
        ("ST_GeomFromText('POINT(52.5 13.4)', 4326)", '{"coordinates":[13.4,52.5],"type":"Point","srid":4326}'),
        ("NULL", None),
    ]),
    ("embedding", "VECTOR(2)", "ARRAY<FLOAT>", [
        ("STRING_TO_VECTOR('[1.1,-2]')", [1.100000023841858, -2.0]),
        ("STRING_TO_VECTOR('[0,3e38]')", [0.0, 3.0000000054977558e38]),
    ]),
    ("nothing", "INT", "INT", [("NULL", None), ("NULL", None)]),
]  # fmt: skip


class Servers:
    """Both sides with two tables on each that agree: `everything`, keyed, and `events`, which keeps history."""

    def __init__(self, mysql: dict[str, str], endpoint: str, directory: Path) -> None:
        self.mysql = mysql
        self.endpoint = endpoint
        self.key_file = directory / "access-key"
        self.key_file.write_text(ACCESS_KEY)
        options.local_timezone = False
        options.allow_antique_date = True
        self.odps = ODPS(ACCESS_ID, ACCESS_KEY, project=PROJECT, endpoint=endpoint)

    def sql(self, *statements: str) -> None:
        with (
            pymysql.connect(
                host=self.mysql["host"],
                port=int(self.mysql["port"]),
                user="admin",
                password=Path(self.mysql["admin_password_file"]).read_text(),
                autocommit=True,
                charset="utf8mb4",
                init_command="SET time_zone = '+00:00'",
            ) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)

    def fill(self) -> None:
        self.sql(
            "DROP DATABASE IF EXISTS c",
            "CREATE DATABASE c CHARACTER SET utf8mb4",
            f"CREATE TABLE c.everything ({', '.join(f'`{n}` {t}' for n, t, _, _ in COLUMNS)}, PRIMARY KEY (id))",
            "CREATE TABLE c.events (id INT NOT NULL, version INT NOT NULL, note TEXT)",
            *(f"INSERT INTO c.everything VALUES ({', '.join(v[i][0] for *_, v in COLUMNS)})" for i in range(2)),
            "INSERT INTO c.events VALUES (1, 3, 'c'), (2, 1, NULL)",
        )
        for table in ("everything", "events"):
            self.odps.delete_table(table, if_exists=True)
        columns = ", ".join(f"`{n}` {t}" for n, _, t, _ in COLUMNS)
        self.odps.execute_sql(
            f"CREATE TABLE everything ({columns}, PRIMARY KEY (id)) TBLPROPERTIES ('transactional'='true')",
            hints={"odps.sql.type.system.odps2": "true", "odps.sql.decimal.odps2": "true"},
        )
        self.odps.execute_sql("CREATE TABLE events (id INT, version INT, note STRING)")
        self.upsert([[v[i][1] for *_, v in COLUMNS] for i in range(2)])
        self.append([1, 1, "a"], [1, 2, "b"], [1, 3, "c"], [2, 1, None])

    def upsert(self, rows: list[list[Any]], delete: bool = False) -> None:
        table = self.odps.get_table("everything")
        with table.open_writer(reopen=True) as writer:
            (writer.delete if delete else writer.write)(rows)

    def append(self, *rows: list[Any]) -> None:
        with self.odps.get_table("events").open_writer(reopen=True) as writer:
            writer.write(list(rows))

    def arguments(self) -> list[str]:
        return [
            *["--mysql", f"{self.mysql['host']}:{self.mysql['port']}", "--mysql-user", "cdc"],
            *["--mysql-password-file", self.mysql["password_file"], *self.maxcompute_arguments()],
            *["--table", "c.everything=everything:keyed", "--table", "c.events=events:append:id:version"],
        ]

    def maxcompute_arguments(self) -> list[str]:
        return [
            *["--maxcompute", self.endpoint, "--project", PROJECT],
            *["--access-id", ACCESS_ID, "--access-key-file", str(self.key_file)],
        ]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    assert EMULATOR.exists(), f"{EMULATOR} is missing; build it: cargo build --release -p maxcompute-emulator"
    directory = tmp_path_factory.mktemp("s")
    mysql = subprocess.Popen(
        [REPOSITORY / "tests" / "services" / "mysql.sh", "run", directory / "mysql"], stdin=-1, stdout=-1, text=True
    )
    emulator = subprocess.Popen(
        [EMULATOR, "--project", PROJECT, "--access-id", ACCESS_ID],
        env={**os.environ, "MAXCOMPUTE_EMULATOR_ACCESS_KEY": ACCESS_KEY},
        stdout=-1,
        text=True,
    )
    try:
        assert mysql.stdout is not None and emulator.stdout is not None
        pairs = (shlex.split(line)[0].partition("=") for line in mysql.stdout.read().splitlines())
        endpoint = emulator.stdout.readline().removeprefix("listening on ").strip()
        yield Servers({name: value for name, _, value in pairs}, endpoint, directory)
    finally:
        emulator.terminate()
        mysql.terminate()
        emulator.wait(30)
        mysql.wait(90)


@pytest.fixture
def servers(started: Servers) -> Servers:
    started.fill()
    return started


def output(servers: Servers, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, list[str]]:
    code = compare.main([*servers.arguments(), *more])
    captured = capsys.readouterr()
    return code, (captured.out + captured.err).splitlines()


def test_copies_of_every_type_agree(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    assert output(servers, capsys) == (0, ["source and sink agree: 2 tables, 6 rows"])


@pytest.mark.parametrize("column", [name for name, *_ in COLUMNS if name not in ("id", "nothing")])
def test_a_wrong_value_of_any_type_is_reported(
    servers: Servers, capsys: pytest.CaptureFixture[str], column: str
) -> None:
    values = {name: v for name, _, _, v in COLUMNS}
    row = {name: v[0][1] for name, v in values.items()}
    row[column] = values[column][1][1]
    servers.upsert([list(row.values())])
    code, lines = output(servers, capsys)
    assert code == 1
    assert [line.startswith(f"c.everything id=1: column {column}: source ") for line in lines] == [True, False]
    assert lines[-1] == "source and sink differ: 1 differences in 2 tables, 6 rows"


def test_a_lost_and_an_extra_row_are_reported(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    servers.upsert([[v[0][1] for *_, v in COLUMNS]], delete=True)
    servers.upsert([[77, *([None] * (len(COLUMNS) - 1))]])
    assert output(servers, capsys) == (
        1,
        [
            "c.everything id=1: in the source, not in the sink",
            "c.everything id=77: in the sink, not in the source",
            "source and sink differ: 2 differences in 2 tables, 6 rows",
        ],
    )


def test_a_duplicate_and_a_lost_version_are_reported(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    servers.append([1, 2, "b"])
    servers.sql("UPDATE c.events SET version = 2, note = 'new' WHERE id = 2")
    code, lines = output(servers, capsys)
    assert (code, sorted(lines[:-1])) == (
        1,
        ["c.events id=1: version 2: 2 times in the sink", "c.events id=2: last version: source 2, sink 1"],
    )


def test_a_moment_outside_the_range_of_pandas_is_read(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    servers.sql("UPDATE c.everything SET moment = '9999-12-31 23:59:59.999999' WHERE id = 1")
    row = [v[0][1] for *_, v in COLUMNS]
    position = [name for name, *_ in COLUMNS].index("moment")
    row[position] = pandas.Timestamp(datetime(9999, 12, 31, 23, 59, 59)) + _MicrosecondTimedelta(
        nanoseconds=999_999_000
    )
    servers.upsert([row])
    assert output(servers, capsys)[0] == 0


def test_a_column_or_table_on_one_side_only_is_reported(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    servers.sql("ALTER TABLE c.events RENAME COLUMN note TO remark")
    code, lines = output(servers, capsys, "--table", "c.everything=nowhere:keyed")
    assert code == 1
    assert lines[:-1] == [
        "c.events: column remark: not in the sink",
        "c.events: column note: in the sink, not in the source",
        "c.everything: the sink has no table nowhere",
    ]
    servers.sql("ALTER TABLE c.events DROP COLUMN remark")
    assert output(servers, capsys, "--extra-sink-columns")[0] == 0


def test_a_sink_type_that_cannot_hold_the_values_is_reported(
    servers: Servers, capsys: pytest.CaptureFixture[str]
) -> None:
    servers.sql("ALTER TABLE c.events MODIFY note BLOB")
    assert "c.events: column note: source type blob, sink type string" in output(servers, capsys)[1]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--table", "c.missing=missing:keyed"], "the source has no table c.missing"),
        (["--table", "c.events=events:keyed"], "c.events has no primary key"),
        (["--table", "c.events=events:append:id:nope"], "no comparable column ['nope']"),
        (["--access-key-file", "/nonexistent"], "No such file"),
        (["--mysql", "127.0.0.1:1"], "Can't connect to MySQL"),
        (["--access-id", "another"], "cannot read a side"),
    ],
)
def test_what_cannot_be_compared_is_an_error_of_its_own(
    servers: Servers, capsys: pytest.CaptureFixture[str], more: list[str], told: str
) -> None:
    code, lines = output(servers, capsys, *more)
    assert code == 2
    assert told in "\n".join(lines)
    assert ACCESS_KEY not in "\n".join(lines)


def test_tables_are_shown_in_the_order_of_their_key(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    assert show.main([*servers.maxcompute_arguments(), "--rows", "3", "events"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "events: 4 rows, the first 3 by id",
        "id  version  note",
        "--  -------  ----",
        " 1        1  a",
        " 1        2  b",
        " 1        3  c",
        "",
    ]
