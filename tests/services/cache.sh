# shellcheck shell=bash
# The directory where fetched things are kept, and how the scripts that fill it speak and take turns. Sourced.

services_dir=${CDC_SERVICES_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/.cache/services}

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

# lock_service NAME: waits until no other process installs NAME; unlock_service ends the turn.
lock_service() {
    mkdir -p "$services_dir"
    exec {service_lock}>"$services_dir/.$1.lock"
    flock --nonblock "$service_lock" && return
    say "waiting for another installation of $1"
    flock "$service_lock"
}

unlock_service() { exec {service_lock}>&-; }
