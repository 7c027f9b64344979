#!/usr/bin/env bash
# Prints the path of a Python interpreter that has the packages of requirements.txt. Makes or renews the virtual
# environment when that file changed or the base interpreter is gone. CDC_PYTHON names another base interpreter.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/services/cache.sh
. "$here/cache.sh"

base=${CDC_PYTHON:-python3}
venv=$services_dir/python

# The copy of the requirements is written last, so that it stands for a whole environment.
up_to_date() { cmp -s "$here/requirements.txt" "$venv/requirements.txt" && [[ -x $venv/bin/python3 ]]; }

make_venv() {
    say "making a virtual environment"
    rm -rf "$venv"
    "$base" -m venv "$venv" >&2 ||
        die "$base cannot make a virtual environment; on Debian install the package python3-venv"
    "$venv/bin/python3" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" >&2 ||
        die "pip could not install $here/requirements.txt; see its message above"
    cp "$here/requirements.txt" "$venv/requirements.txt"
}

if ! up_to_date; then
    lock_service python
    up_to_date || make_venv
    unlock_service
fi
printf '%s\n' "$venv/bin/python3"
