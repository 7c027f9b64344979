#!/usr/bin/env python3
"""Records what a real server makes of statements that change a table: its information_schema before and after each.

usage: record.py --mysql HOST:PORT --user USER --password-file FILE >evolutions.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import pymysql
from pymysql.cursors import DictCursor

BASE = """CREATE TABLE t (
    id INT NOT NULL, a INT, b VARCHAR(10) CHARACTER SET latin1, c DECIMAL(10,2) NOT NULL DEFAULT 1, d DATETIME(3),
    e ENUM('x','y') NOT NULL, f TEXT, g TINYINT(1), PRIMARY KEY (id)) DEFAULT CHARACTER SET utf8mb4 COMMENT 'base'"""
#: Each is run on a fresh base table.
STATEMENTS = [
    "ALTER TABLE t ADD COLUMN n INT",
    "ALTER TABLE t ADD n INT NOT NULL DEFAULT 0 COMMENT 'c' AFTER a",
    "ALTER TABLE t ADD COLUMN n VARCHAR(20) FIRST",
    "ALTER TABLE t ADD COLUMN (n INT, m VARCHAR(10) DEFAULT 'x,y)')",
    (
        "ALTER TABLE t ADD COLUMN n INT, DROP COLUMN b, MODIFY c BIGINT FIRST, CHANGE d dd INT AFTER n, "
        "RENAME COLUMN f TO ff, ADD INDEX (a)"
    ),
    "ALTER TABLE t MODIFY COLUMN a DECIMAL(20,4) NOT NULL DEFAULT '0.0000' COMMENT 'm' AFTER b",
    "ALTER TABLE t RENAME COLUMN a TO g, RENAME COLUMN g TO a",
    "ALTER TABLE t DROP COLUMN a, ADD COLUMN a VARCHAR(5)",
    "ALTER TABLE t ALTER COLUMN a SET DEFAULT 5, ALTER c DROP DEFAULT, ALTER COLUMN f SET INVISIBLE",
    "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    "ALTER TABLE t CONVERT TO CHARACTER SET latin1",
    "ALTER TABLE t DEFAULT CHARACTER SET = latin1, COMMENT = 'new comment', ADD COLUMN n CHAR(3)",
    "ALTER TABLE t ADD COLUMN n CHAR(3), DEFAULT CHARACTER SET latin1",
    "ALTER TABLE t ENGINE=InnoDB COMMENT='again' ROW_FORMAT=DYNAMIC",
    "ALTER TABLE t ADD COLUMN n VARCHAR(10) COLLATE latin1_bin, ADD COLUMN m CHAR(3) CHARACTER SET binary",
    "ALTER TABLE t ADD n NCHAR(3), ADD m NATIONAL VARCHAR(4), ADD o CHARACTER VARYING(5), ADD p LONG VARCHAR",
    "ALTER TABLE t ADD n TEXT(300), ADD m TINYTEXT, ADD o BLOB(70000), ADD p TEXT(70000)",
    "ALTER TABLE t ADD n SERIAL",
    "ALTER TABLE t ADD n BIGINT UNSIGNED ZEROFILL, ADD m DOUBLE PRECISION, ADD o FLOAT(7,3), ADD p FLOAT(30), ADD q REAL",
    "ALTER TABLE t ADD n NUMERIC, ADD m DEC(5), ADD o FIXED(10,2) UNSIGNED, ADD p INT1, ADD q INT8, ADD r MIDDLEINT",
    "ALTER TABLE t ADD n BIT, ADD m BIT(9), ADD o BOOL, ADD p YEAR, ADD q TIME(4), ADD r TIMESTAMP(6) NULL, ADD s DATE",
    "ALTER TABLE t ADD n JSON, ADD m POINT, ADD o GEOMETRYCOLLECTION, ADD p VECTOR(3), ADD q VARBINARY(9), ADD r BINARY",
    "ALTER TABLE t ADD n SET('a','b''c','d\\\\e') NOT NULL, ADD m ENUM('1','2') CHARACTER SET latin1",
    "ALTER TABLE t MODIFY e ENUM('x','y','z') NOT NULL DEFAULT 'z'",
    "ALTER TABLE t MODIFY b VARCHAR(200) CHARACTER SET utf8mb4 NOT NULL DEFAULT ''",
    "ALTER TABLE t MODIFY g TINYINT UNSIGNED, MODIFY d DATETIME, MODIFY f LONGTEXT",
    "ALTER TABLE t CHANGE COLUMN id ident BIGINT UNSIGNED AUTO_INCREMENT",
    "ALTER TABLE t MODIFY g TINYINT(1) FIRST, MODIFY a INT AFTER e",
    "ALTER TABLE t ADD n INT GENERATED ALWAYS AS (a + 1) VIRTUAL, ADD m INT AS (a * 2) STORED NOT NULL",
    "ALTER TABLE t ADD n DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6) COMMENT 'it''s'",
    "ALTER TABLE t ADD n INT CHECK (n > 0), ADD CONSTRAINT k CHECK (a < 100), ADD UNIQUE INDEX u (a), ADD KEY (c)",
    "ALTER TABLE t ADD n INT DEFAULT (1 + 1), ADD m VARCHAR(5) DEFAULT _utf8mb4'x'",
    "ALTER TABLE t ADD n DECIMAL(5,2) DEFAULT -1.5, ADD m DOUBLE DEFAULT 1.5e-3, ADD o BIT(3) DEFAULT b'101'",
    "ALTER TABLE t ADD COLUMN a$b INT, ADD COLUMN 1a INT, ADD COLUMN `sel ect` INT",
    "/* app=x */ ALTER TABLE t /*! ADD COLUMN n INT */",
    "ALTER TABLE t ADD COLUMN n INT, ALGORITHM=INPLACE, LOCK=NONE",
    "ALTER TABLE t DROP a, DROP COLUMN b, DROP `c`",
    "ALTER TABLE t ADD n INT INVISIBLE, ADD m INT COLUMN_FORMAT FIXED STORAGE DISK",
    "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY USING BTREE (id DESC)",
    "ALTER TABLE t COMMENT ''",
    "ALTER TABLE t FORCE",
    "ALTER TABLE t ORDER BY a, b DESC",
]
#: Each makes the table itself.
CREATIONS = [
    "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))",
    (
        "CREATE TABLE IF NOT EXISTS t (`id` bigint unsigned NOT NULL AUTO_INCREMENT, `v` varchar(20) CHARACTER SET utf8mb3 "
        "COLLATE utf8mb3_bin DEFAULT NULL COMMENT 'it''s', PRIMARY KEY (`id`), KEY `k` (`v`(10) DESC)) ENGINE=InnoDB "
        "AUTO_INCREMENT=5 DEFAULT CHARSET=latin1 COMMENT='tbl' ROW_FORMAT=DYNAMIC"
    ),
    "CREATE TABLE t (`b` int, `a` int, CONSTRAINT pk PRIMARY KEY (a, b), CONSTRAINT c1 CHECK (a > 0))",
    "CREATE TABLE t (id INT, hidden INT INVISIBLE, my_row_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT INVISIBLE PRIMARY KEY)",
    "CREATE TABLE t (a INT(11) UNSIGNED ZEROFILL, b DECIMAL(65,30), f SERIAL, z TEXT) CHARSET utf8mb4 COLLATE utf8mb4_bin",
    (
        "CREATE TABLE t (id INT, d DATE) PARTITION BY RANGE (YEAR(d)) (PARTITION p0 VALUES LESS THAN (2020), "
        "PARTITION pm VALUES LESS THAN MAXVALUE)"
    ),
    "CREATE TABLE t (id int) /*!50100 PARTITION BY HASH (id) PARTITIONS 4 */",
    "CREATE TABLE t (a INT, UNIQUE KEY (a), KEY USING BTREE (a), b CHAR(3), FULLTEXT KEY ft (b) WITH PARSER ngram)",
    "CREATE TABLE t (a JSON DEFAULT (JSON_OBJECT('x',1)), b BINARY(16) DEFAULT (UUID_TO_BIN(UUID())), c INT PRIMARY KEY)",
    "CREATE TABLE t (`key` INT, `index` VARCHAR(3), `primary` INT PRIMARY KEY, `comment` TEXT COMMENT 'c')",
]


def shape(cursor: Any) -> dict[str, Any]:
    cursor.execute(
        "SELECT COLUMN_NAME name, DATA_TYPE data_type, COLUMN_TYPE column_type, IS_NULLABLE = 'YES' nullable, "
        "CHARACTER_MAXIMUM_LENGTH length, NUMERIC_PRECISION `precision`, NUMERIC_SCALE scale, "
        "DATETIME_PRECISION fraction, CHARACTER_SET_NAME charset, COLUMN_COMMENT comment "
        "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'evolutions' AND TABLE_NAME = 't' ORDER BY ORDINAL_POSITION"
    )
    columns = list(cursor.fetchall())
    cursor.execute(
        "SELECT COLUMN_NAME name FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = 'evolutions' AND TABLE_NAME = 't' "
        "AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX"
    )
    key = [row["name"] for row in cursor.fetchall()]
    cursor.execute(
        "SELECT TABLE_COLLATION collation, TABLE_COMMENT comment FROM information_schema.TABLES "
        "WHERE TABLE_SCHEMA = 'evolutions' AND TABLE_NAME = 't'"
    )
    table = cursor.fetchone()
    return {"columns": columns, "key": key, "charset": table["collation"].split("_")[0], "comment": table["comment"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mysql", required=True, metavar="HOST:PORT")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True, type=Path)
    arguments = parser.parse_args()
    host, _, port = arguments.mysql.rpartition(":")
    connection = pymysql.connect(
        host=host,
        port=int(port),
        user=arguments.user,
        password=arguments.password_file.read_text(encoding="utf-8").strip(),
        cursorclass=DictCursor,
        charset="utf8mb4",
    )
    recorded = []
    with connection, connection.cursor() as cursor:
        for base, statement in [(BASE, s) for s in STATEMENTS] + [(None, s) for s in CREATIONS]:
            cursor.execute("DROP DATABASE IF EXISTS evolutions")
            cursor.execute("CREATE DATABASE evolutions CHARACTER SET utf8mb4")
            cursor.execute("USE evolutions")
            before = None
            if base:
                cursor.execute(base)
                before = shape(cursor)
            try:
                cursor.execute(statement)
            except pymysql.MySQLError as error:
                raise SystemExit(f"{statement}\n{error}") from error
            recorded.append({"sql": statement, "before": before, "after": shape(cursor)})
        cursor.execute("DROP DATABASE evolutions")
    json.dump(recorded, sys.stdout, ensure_ascii=False, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
