#!/usr/bin/env bash
# A private MySQL for tests and the demo, from Debian's unstable suite: nothing is installed on the machine.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/services/cache.sh
. "$here/cache.sh"
# shellcheck source=tests/services/debian.sh
. "$here/debian.sh"

# shellcheck disable=SC2034 # read by server.sh
flavour=mysql suite=sid layout=1 packages=(mysql-server-core mysql-client-core)
server_program=usr/sbin/mysqld
client_program=usr/bin/mysql
# shellcheck source=tests/services/server.sh
. "$here/server.sh"

# Small and fast rather than durable: a crash of the machine may lose what a crash of the server does not.
set_options() {
    local share=$root/usr/share/mysql plugins=$root/usr/lib/mysql/plugin
    paths=(--basedir="$root/usr" --lc-messages-dir="$share" --character-sets-dir="$share/charsets"
        --plugin-dir="$plugins" --secure-file-priv=NULL --mysqlx=0)
    # shellcheck disable=SC2034 # read by server.sh
    client_options=(--character-sets-dir="$share/charsets" --plugin-dir="$plugins")
    # shellcheck disable=SC2034 # read by server.sh
    server_options=("${paths[@]}" --performance-schema=OFF --innodb-buffer-pool-size=128M
        --innodb-flush-log-at-trx-commit=2 --sync-binlog=0 --innodb-doublewrite=OFF --skip-name-resolve
        --server-id=1 --log-bin=mysql-bin --binlog-row-metadata=FULL --gtid-mode=ON --enforce-gtid-consistency=ON)
}

make_template() {
    local as_root=()
    [[ $(id -u) == 0 ]] && as_root=(--user=root)
    debian_command "$root" "$server_program"
    "${command_line[@]}" --no-defaults "${as_root[@]}" "${paths[@]}" --initialize-insecure --datadir="$1" || return
    # Each server draws its own UUID.
    rm "$1/auto.cnf"
}

server_main "$@"
