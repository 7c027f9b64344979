#!/usr/bin/env bash
# A tool of Debian 12's percona-toolkit, with a Perl of its own: fetched once, nothing is installed on the machine.
# usage: percona.sh install | percona.sh TOOL ARG…
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/services/cache.sh
. "$here/cache.sh"
# shellcheck source=tests/services/debian.sh
. "$here/debian.sh"

debian_tool percona percona-toolkit
[[ ${1:-} == install ]] && exit
tool=$1
shift
shopt -s nullglob
plugins=("$root"/usr/lib/*-linux-gnu/libmariadb3/plugin)
modules=("$root"/usr/share/perl5 "$root"/usr/lib/*-linux-gnu/perl5/5.* "$root"/usr/share/perl/5.*
    "$root"/usr/lib/*-linux-gnu/perl/5.* "$root"/usr/lib/*-linux-gnu/perl-base)
shopt -u nullglob
debian_command "$root" usr/bin/perl
PERL5LIB=$(IFS=: && printf '%s' "${modules[*]}")
export PERL5LIB MARIADB_PLUGIN_DIR="${plugins[0]:-}"
exec "${command_line[@]}" "$root/usr/bin/$tool" "$@"
