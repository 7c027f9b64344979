#!/usr/bin/env bash
# A tool of Debian 12's percona-toolkit, with a Perl of its own: fetched once, nothing is installed on the machine.
# usage: percona.sh install | percona.sh TOOL ARG…
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/services/cache.sh
. "$here/cache.sh"
# shellcheck source=tests/services/debian.sh
. "$here/debian.sh"

installed=$services_dir/percona-1
root=$installed/root

install_percona() {
    local staging debs=$services_dir/debs/percona
    [[ -e $installed/done ]] && return
    lock_service percona
    if [[ ! -e $installed/done ]]; then
        find "$services_dir" -maxdepth 1 -name 'percona-1*' -exec rm -rf {} +
        debian_kept "$debs" || debian_fetch bookworm "$debs" percona-toolkit
        staging=$(mktemp -d "$installed.XXXXXX")
        debian_unpack "$debs" "$staging/root"
        touch "$staging/done"
        mv "$staging" "$installed"
    fi
    unlock_service
}

install_percona
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
