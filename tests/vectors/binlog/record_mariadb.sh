#!/usr/bin/env bash
# Records mariadb_full.binlog and mariadb_minimal.binlog beside this file from a real MariaDB: what mariadb.sql does, once with as much
# metadata in the binlog as there can be, once with as little.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mariadb_sh=$here/../../services/mariadb.sh
work=$(mktemp -d)
trap '"$mariadb_sh" stop "$work/server" 2>/dev/null; rm -rf "$work"' EXIT

admin_options=''
eval "$("$mariadb_sh" start "$work/server")"
sql() { "$mariadb_sh" exec mariadb --defaults-file="$admin_options" --batch --raw --skip-column-names "$@"; }

for metadata in FULL MINIMAL; do
    sql -e "DROP DATABASE IF EXISTS vectors; SET GLOBAL binlog_row_metadata = $metadata; FLUSH BINARY LOGS"
    file=$(sql -e 'SHOW MASTER STATUS' | cut -f1)
    sql <"$here/mariadb.sql"
    sql -e 'FLUSH BINARY LOGS'
    cp "$work/server/data/$file" "$here/mariadb_${metadata,,}.binlog"
done
