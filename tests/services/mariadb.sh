#!/usr/bin/env bash
# A private MariaDB 10.11 for tests, from Debian 12: nothing is installed on the machine.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/services/cache.sh
. "$here/cache.sh"
# shellcheck source=tests/services/debian.sh
. "$here/debian.sh"

# shellcheck disable=SC2034 # read by server.sh
flavour=mariadb suite=bookworm layout=1 packages=(mariadb-server-core mariadb-client-core)
server_program=usr/sbin/mariadbd
client_program=usr/bin/mariadb
# shellcheck source=tests/services/server.sh
. "$here/server.sh"

# Small and fast rather than durable: a crash of the machine may lose what a crash of the server does not.
set_options() {
    local share=$root/usr/share/mysql
    paths=(--basedir="$root/usr" --lc-messages-dir="$share" --character-sets-dir="$share/charsets"
        --plugin-dir="$root/usr/lib/mysql/plugin")
    # shellcheck disable=SC2034 # read by server.sh
    client_options=(--character-sets-dir="$share/charsets")
    # shellcheck disable=SC2034 # read by server.sh
    server_options=("${paths[@]}" --performance-schema=OFF --innodb-buffer-pool-size=128M
        --innodb-flush-log-at-trx-commit=2 --sync-binlog=0 --innodb-doublewrite=OFF --skip-name-resolve
        --character-set-server=utf8mb4 --server-id=1 --log-bin=mysql-bin --binlog-format=ROW
        --binlog-row-image=FULL --binlog-row-metadata=FULL)
}

# What mariadb-install-db feeds to the server, without the script, which wants an installed tree.
make_template() {
    local as_root=() share=$root/usr/share/mysql
    [[ $(id -u) == 0 ]] && as_root=(--user=root)
    debian_command "$root" "$server_program"
    mkdir -p "$1" || return
    {
        printf 'CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n'
        cat "$share"/mysql_{system_tables,performance_tables,system_tables_data}.sql
        cat "$share"/{fill_help_tables,maria_add_gis_sp_bootstrap,mysql_sys_schema}.sql
        printf "DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost';\n"
    } | "${command_line[@]}" --no-defaults "${as_root[@]}" "${paths[@]}" --bootstrap --datadir="$1" \
        --log-warnings=0 --enforce-storage-engine= --max-allowed-packet=8M --net-buffer-length=16K
}

server_main "$@"
