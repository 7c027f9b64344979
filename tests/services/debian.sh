# shellcheck shell=bash
# Debian packages without installing them: fetched with all they depend on, their signatures checked by apt,
# and unpacked into a private root. Needs no root privilege and leaves the machine's own packages alone. Sourced.

# Prints the URI of the Debian archive that this machine itself uses. apt reads its own configuration,
# one-line and deb822 files alike; nothing is downloaded.
debian_mirror() {
    local mirror
    [[ -n ${CDC_DEBIAN_MIRROR:-} ]] && { printf '%s\n' "$CDC_DEBIAN_MIRROR"; return; }
    mirror=$(apt-get update --print-uris |
        sed -nE "s#^'(.+)/dists/(bookworm|trixie|forky|oldstable|stable|testing|sid|unstable)/InRelease'.*#\1#p" |
        head -n 1)
    [[ -n $mirror ]] ||
        die "no Debian archive in the machine's apt sources; name one in CDC_DEBIAN_MIRROR=http://HOST/debian"
    printf '%s\n' "$mirror"
}

# debian_fetch SUITE DIR PACKAGE...: downloads the packages and all their dependencies into DIR. DIR appears
# whole or not at all. The package index is private and the status file empty, so that even libc is fetched
# and the result does not depend on what the machine has installed.
debian_fetch() {
    local suite=$1 debs=$2 apt mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    shift 2
    [[ -r $keyring ]] || die "$keyring is missing; install the package debian-archive-keyring"
    mirror=$(debian_mirror)
    mkdir -p "$(dirname "$debs")"
    rm -rf "$debs".*
    apt=$(mktemp -d "$debs.XXXXXX")
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    : >"$apt/status"
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" >"$apt/sources.list"
    # Check-Valid-Until: the Release file of a mirror that lags reads as expired; signatures stay checked.
    # The cleared hooks belong to the machine's own package state.
    cat >"$apt/apt.conf" <<CONF
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
CONF
    say "reading the index of Debian $suite"
    if ! apt-get -c "$apt/apt.conf" -qq update >&2; then
        rm -rf "$apt"
        die "cannot read the index of Debian $suite from the machine's Debian archive; see apt's message above"
    fi
    say "downloading $*"
    if ! apt-get -c "$apt/apt.conf" -qq -y --download-only install "$@" >&2; then
        rm -rf "$apt"
        die "cannot download $* from Debian $suite; see apt's message above"
    fi
    (cd "$apt/cache/archives" && rm -rf lock partial && sha256sum -- *.deb >SHA256SUMS)
    rm -rf "$debs"
    mv "$apt/cache/archives" "$debs"
    rm -rf "$apt"
}

# debian_unpack DIR ROOT: unpacks every package kept in DIR into ROOT.
debian_unpack() {
    local debs=$1 root=$2 deb
    say "unpacking $(find "$debs" -name '*.deb' | wc -l) packages"
    mkdir -p "$root"
    for deb in "$debs"/*.deb; do
        dpkg-deb -x "$deb" "$root"
    done
}

# debian_kept DIR: whether DIR holds a whole and undamaged download.
debian_kept() {
    [[ -e $1/SHA256SUMS ]] && (cd "$1" && sha256sum --check --quiet --strict SHA256SUMS >&2)
}

# debian_command ROOT PROGRAM: puts the words that start a program of the root into the array `command_line`.
# It runs with the root's own loader and libraries, which may be newer than the machine's.
debian_command() {
    local root=$1 loaders libraries library_path
    shopt -s nullglob
    loaders=("$root"/usr/lib/*-linux-gnu/ld-linux-*.so.* "$root"/lib/*-linux-gnu/ld-linux-*.so.*)
    libraries=("$root"/usr/lib/*-linux-gnu "$root"/lib/*-linux-gnu)
    shopt -u nullglob
    [[ ${#loaders[@]} -gt 0 ]] || die "no dynamic loader under $root; remove that directory and install again"
    library_path=$(IFS=: && printf '%s' "${libraries[*]}")
    command_line=("${loaders[0]}" --library-path "$library_path" "$root/$2")
}

# debian_tool NAME PACKAGE: a package of Debian 12 with all it depends on, unpacked once; puts its root into `root`.
# Raise the number in the directory's name when what is unpacked changes.
debian_tool() {
    local name=$1 package=$2 staging installed=$services_dir/$1-1 debs=$services_dir/debs/$1
    root=$installed/root
    [[ -e $installed/done ]] && return
    lock_service "$name"
    if [[ ! -e $installed/done ]]; then
        find "$services_dir" -maxdepth 1 -name "$name-1*" -exec rm -rf {} +
        debian_kept "$debs" || debian_fetch bookworm "$debs" "$package"
        staging=$(mktemp -d "$installed.XXXXXX")
        debian_unpack "$debs" "$staging/root"
        touch "$staging/done"
        mv "$staging" "$installed"
    fi
    unlock_service
}
