#!/usr/bin/env bash
# Records the binlog vectors beside this file from a real MySQL, with the expected values as the server itself renders
# them. Run it after changing a .sql file here, and commit what it writes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mysql_sh=$here/../../services/mysql.sh
work=$(mktemp -d)
trap '"$mysql_sh" stop "$work/server" 2>/dev/null; rm -rf "$work"' EXIT

admin_options='' version=''
eval "$("$mysql_sh" start "$work/server")"
sql() { "$mysql_sh" exec mysql --defaults-file="$admin_options" --batch --raw --skip-column-names "$@"; }

# current: the name of the binlog file that is being written.
current() { sql -e 'SHOW BINARY LOG STATUS' | cut -f1; }

# keep FILE NAME: keeps a closed binlog file as a vector.
keep() { cp "$work/server/data/$1" "$here/$2"; }

# record NAME: inserts and changes the rows, alone in a binlog file.
record() {
    local file
    sql -e 'SET sql_log_bin = 0; DELETE FROM vectors.types; DELETE FROM vectors.more'
    sql -e 'FLUSH BINARY LOGS'
    file=$(current)
    sql <"$here/insert.sql"
    sql -e "$export" >"$work/values.$1"
    sql -e "$export_more" >"$work/more_values.$1"
    sql <"$here/change.sql"
    sql -e 'FLUSH BINARY LOGS'
    keep "$file" "$1.binlog"
}

sql <"$here/types.sql"
printf '%s\n' "$version" >"$here/version"
# columns TABLE: what the plugin reads of information_schema.
columns() {
    sql --default-character-set=utf8mb4 -e "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, COALESCE(CHARACTER_MAXIMUM_LENGTH, ''), COALESCE(NUMERIC_PRECISION, ''),
        COALESCE(NUMERIC_SCALE, ''), COALESCE(DATETIME_PRECISION, ''), COALESCE(CHARACTER_SET_NAME, '') FROM information_schema.COLUMNS
        WHERE TABLE_SCHEMA = 'vectors' AND TABLE_NAME = '$1' ORDER BY ORDINAL_POSITION"
}

# export_of TABLE: the statement that prints all rows: binary values and text in UTF-8 as hexadecimal digits, numbers and
# dates as text, floats widened to doubles.
export_of() {
    sql -e "SET SESSION group_concat_max_len = 1000000; SELECT CONCAT('SET NAMES utf8mb4; SET time_zone = \'+00:00\'; SELECT ',
    GROUP_CONCAT(CASE
        WHEN DATA_TYPE LIKE '%binary' OR DATA_TYPE LIKE '%blob' OR DATA_TYPE IN ('geometry', 'point', 'vector') THEN CONCAT('HEX(', COLUMN_NAME, ')')
        WHEN DATA_TYPE = 'bit' THEN CONCAT('HEX(CAST(', COLUMN_NAME, ' AS BINARY))')
        WHEN DATA_TYPE LIKE '%char' OR DATA_TYPE LIKE '%text' OR DATA_TYPE IN ('enum', 'set') THEN CONCAT('HEX(CONVERT(', COLUMN_NAME, ' USING utf8mb4))')
        WHEN DATA_TYPE = 'json' THEN CONCAT('HEX(CAST(', COLUMN_NAME, ' AS CHAR))')
        WHEN DATA_TYPE = 'float' THEN CONCAT('CAST(', COLUMN_NAME, ' AS DOUBLE)')
        ELSE COLUMN_NAME END ORDER BY ORDINAL_POSITION),
    ' FROM vectors.$1 ORDER BY id') FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'vectors' AND TABLE_NAME = '$1'"
}

columns types >"$here/columns.tsv"
columns more >"$here/more_columns.tsv"
columns documents >"$here/documents_columns.tsv"
export=$(export_of types) export_more=$(export_of more)

record full
sql -e 'SET GLOBAL binlog_row_metadata = MINIMAL'
record minimal
sql -e 'SET GLOBAL binlog_row_metadata = FULL, GLOBAL binlog_transaction_compression = ON'
record compressed
sql -e 'SET GLOBAL binlog_transaction_compression = OFF'
for values in values more_values; do
    cmp "$work/$values.full" "$work/$values.minimal"
    cmp "$work/$values.full" "$work/$values.compressed"
    cp "$work/$values.full" "$here/$values.tsv"
done

# JSON documents, compressed, since some are large; their text has neither tabs nor line breaks.
sql -e 'FLUSH BINARY LOGS'
file=$(current)
sql --init-command='SET SESSION binlog_transaction_compression = ON' <"$here/documents.sql"
sql --default-character-set=utf8mb4 -e 'SELECT document FROM vectors.documents ORDER BY id' >"$here/documents.tsv"
sql -e 'FLUSH BINARY LOGS'
keep "$file" documents.binlog

sql <"$here/statements.sql"
mapfile -t files < <(sql -e 'SHOW BINARY LOGS' | cut -f1 | tail -n 3)
keep "${files[0]}" statements.binlog
keep "${files[1]}" alter.binlog
