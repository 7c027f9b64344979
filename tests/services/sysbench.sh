#!/usr/bin/env bash
# sysbench from Debian 12, for load: fetched once, nothing is installed on the machine.
# usage: sysbench.sh install | sysbench.sh ARG…   (script names without a path are those of the package)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/services/cache.sh
. "$here/cache.sh"
# shellcheck source=tests/services/debian.sh
. "$here/debian.sh"

debian_tool sysbench sysbench
[[ ${1:-} == install ]] && exit
shopt -s nullglob
plugins=("$root"/usr/lib/*-linux-gnu/libmariadb3/plugin)
shopt -u nullglob
debian_command "$root" usr/bin/sysbench
export LUA_PATH="$root/usr/share/sysbench/?.lua" MARIADB_PLUGIN_DIR="${plugins[0]:-}"
[[ ${1:-} != oltp_* ]] || set -- "$root/usr/share/sysbench/$1.lua" "${@:2}"
exec "${command_line[@]}" "$@"
