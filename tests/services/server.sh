# shellcheck shell=bash
# One private MySQL or MariaDB server: its installation, its data directory, its life and its end. Sourced by the
# script of a flavour, which defines:
#   flavour suite packages layout         names; raise `layout` when the installed tree changes its shape
#   server_program client_program         what runs, as paths below the root
#   set_options                           fills server_options and client_options for the present `root`
#   make_template DIR                     initialises an empty data directory

installed=$services_dir/$flavour-$layout
root=$installed/root
start_seconds=120
stop_seconds=60

usage() {
    cat >&2 <<TEXT
usage: ${0##*/} install              fetch the server once; needs the network the first time only
       ${0##*/} start DIR [OPTION]…  start a server on DIR in the background
       ${0##*/} run DIR [OPTION]…    the same in the foreground: it ends when standard input closes or a
                                  signal arrives, and dies with this script; standard output is closed
                                  once the address is printed
       ${0##*/} stop DIR             stop the server of DIR and wait for its end
       ${0##*/} exec PROGRAM [ARG]…  run a client program of the installation

DIR is created, or reused with its data, accounts and port. OPTIONs go to the server after ours and win.
start and run print lines for a shell's eval: flavour version host port socket pid user password_file
admin_user admin_password_file admin_options error_log
The server is kept in \${CDC_SERVICES_DIR:-.cache/services}.
TEXT
    exit 2
}

# ---- installation ----

server_install() {
    local staging debs=$services_dir/debs/$flavour
    [[ -e $installed/version ]] && return
    lock_service "$flavour"
    if [[ ! -e $installed/version ]]; then
        find "$services_dir" -maxdepth 1 -name "$flavour-$layout.*" -exec rm -rf {} +
        debian_kept "$debs" || debian_fetch "$suite" "$debs" "${packages[@]}"
        staging=$(mktemp -d "$installed.XXXXXX")
        debian_unpack "$debs" "$staging/root"
        root=$staging/root
        set_options
        say "initialising an empty data directory"
        make_template "$staging/template" >"$staging/template.log" 2>&1 ||
            die "cannot initialise a data directory; $staging/template.log says why"
        debian_command "$root" "$server_program"
        "${command_line[@]}" --no-defaults --version | sed -nE 's/.*Ver ([^ ]+).*/\1/p' >"$staging/version"
        [[ -s $staging/version ]] || die "the installed server does not tell its version"
        mv "$staging" "$installed"
        root=$installed/root
        set_options
        say "installed $flavour $(<"$installed/version")"
    fi
    unlock_service
}

# ---- start ----

# A port that nobody listens on now. The range lies below the one that outgoing connections draw from.
free_port() {
    local port
    while :; do
        port=$((10000 + RANDOM % 22000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    printf '%s' "$port"
}

# option_value NAME ARG...: the value of the last --NAME=VALUE among the arguments.
option_value() {
    local name=$1 arg value=
    shift
    for arg in "$@"; do
        [[ $arg == --"$name"=* ]] && value=${arg#*=}
    done
    printf '%s' "$value"
}

new_password() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# account_sql USER PASSWORD PRIVILEGES: prints the statements that make or renew an account, a line each.
account_sql() {
    printf "CREATE USER IF NOT EXISTS '%s'@'%%';\n" "$1"
    printf "ALTER USER '%s'@'%%' IDENTIFIED BY '%s';\n" "$1" "$2"
    printf "GRANT %s TO '%s'@'%%';\n" "$3" "$1"
}

# Makes DIR ready: data from the template, two accounts and the statements that the server runs as it starts.
prepare_directory() {
    local dir=$1 user
    if [[ ! -d $dir/data ]]; then
        rm -rf "$dir/data.new"
        cp -r --reflink=auto "$installed/template" "$dir/data.new"
        mv "$dir/data.new" "$dir/data"
    fi
    for user in cdc admin; do
        [[ -s $dir/$user.password ]] || printf '%s' "$(new_password)" >"$dir/$user.password"
    done
    {
        # The accounts are no part of what a test does to the server.
        printf 'SET SESSION sql_log_bin = 0;\n'
        printf "ALTER USER 'root'@'localhost' ACCOUNT LOCK;\n"
        # What the documentation asks an operator to grant, and nothing else.
        account_sql cdc "$(<"$dir/cdc.password")" 'SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.*'
        account_sql admin "$(<"$dir/admin.password")" 'ALL PRIVILEGES ON *.*'
        printf "GRANT GRANT OPTION ON *.* TO 'admin'@'%%';\n"
    } >"$dir/init.sql"
}

# launch DIR FOREGROUND PORT OPTION...: starts the server process and sets `pid`.
launch() {
    local dir=$1 foreground=$2 port=$3 wrapper=(setsid) as_root=()
    shift 3
    # In the foreground the server dies with this script, however that ends.
    [[ $foreground == 1 ]] && wrapper=(setpriv --pdeathsig KILL)
    [[ $(id -u) == 0 ]] && as_root=(--user=root)
    debian_command "$root" "$server_program"
    "${wrapper[@]}" "${command_line[@]}" --no-defaults "${as_root[@]}" --datadir="$dir/data" --bind-address=127.0.0.1 \
        --port="$port" --socket="$dir/server.sock" --pid-file="$dir/server.pid" --init-file="$dir/init.sql" \
        "${server_options[@]}" "$@" </dev/null >>"$dir/server.log" 2>&1 &
    pid=$!
}

# await_ready DIR OFFSET: waits until the server writes, after byte OFFSET of its log, that it accepts connections.
# tail wakes with each write and ends with the server.
await_ready() {
    grep -q -m 1 'ready for connections' < <(
        exec timeout "$start_seconds" tail -c +"$(($2 + 1))" -s 0.1 --pid="$pid" -f "$1/server.log" 2>/dev/null
    )
}

# server_start DIR FOREGROUND OPTION...: starts the server and sets `pid` and `port`.
server_start() {
    local dir=$1 foreground=$2 offset attempt
    shift 2
    server_pid "$dir" >/dev/null && die "a server is running on $dir already; stop it first: ${0##*/} stop $dir"
    [[ ${#dir} -le 95 ]] || die "the path of $dir is too long for a socket; choose a directory of at most 95 bytes"
    prepare_directory "$dir"
    rm -f "$dir/server.pid"
    touch "$dir/server.log"
    for attempt in {1..20}; do
        port=$(option_value port "$@")
        [[ -n $port || ! -e $dir/port ]] || port=$(<"$dir/port")
        [[ -n $port ]] && attempt=20
        : "${port:=$(free_port)}"
        offset=$(stat -c %s "$dir/server.log")
        launch "$dir" "$foreground" "$port" "$@"
        if await_ready "$dir" "$offset"; then
            printf '%s' "$port" >"$dir/port"
            return
        fi
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        # Another process may take the port between the look and the bind; anything else is a failure.
        if [[ $attempt == 20 ]] || ! tail -c +"$((offset + 1))" "$dir/server.log" | grep -q 'Address already in use'; then
            tail -n 20 "$dir/server.log" >&2
            die "$flavour did not start on port $port; the end of $dir/server.log is above"
        fi
        say "port $port was taken meanwhile; trying another"
    done
}

# Proves that the accounts work, then prints the address for a shell's eval.
print_address() {
    local dir=$1 name
    {
        printf '[client]\nhost=127.0.0.1\nport=%s\nuser=admin\npassword=%s\n' "$port" "$(<"$dir/admin.password")"
    } >"$dir/admin.cnf"
    debian_command "$root" "$client_program"
    "${command_line[@]}" --defaults-file="$dir/admin.cnf" "${client_options[@]}" -e 'SELECT 1' >/dev/null ||
        die "$flavour runs on port $port but refuses its administrator; see $dir/server.log"
    printf '%s=%q\n' flavour "$flavour" version "$(<"$installed/version")" host 127.0.0.1 port "$port" \
        socket "$dir/server.sock" pid "$pid" user cdc password_file "$dir/cdc.password" admin_user admin \
        admin_password_file "$dir/admin.password" admin_options "$dir/admin.cnf" error_log "$dir/server.log"
}

# ---- end ----

# server_pid DIR: prints the process id of the server that runs on DIR; fails when there is none.
server_pid() {
    local dir=$1 found
    found=$(cat "$dir/server.pid" 2>/dev/null) && [[ -n $found ]] || return 1
    # The file may outlive the process, and the number may belong to another one by now.
    tr '\0' '\n' 2>/dev/null <"/proc/$found/cmdline" | grep -qxF -- "--datadir=$dir/data" || return 1
    printf '%s' "$found"
}

# end_process PID: asks the process to end, waits, and kills it when it does not.
end_process() {
    kill -TERM "$1" 2>/dev/null || return 0
    if ! timeout "$stop_seconds" tail -s 0.1 --pid="$1" -f /dev/null; then
        say "process $1 did not end within $stop_seconds s; killing it"
        kill -KILL "$1" 2>/dev/null || true
        timeout "$stop_seconds" tail -s 0.1 --pid="$1" -f /dev/null || die "process $1 cannot be killed"
    fi
}

# ---- verbs ----

run_foreground() {
    local dir=$1 watcher
    shift
    exec {input}<&0
    # shellcheck disable=SC2154 # set by server_start
    trap '[[ -z ${pid:-} ]] || end_process "$pid"; exit 143' TERM
    trap '[[ -z ${pid:-} ]] || end_process "$pid"; exit 130' INT HUP
    server_start "$dir" 1 "$@"
    print_address "$dir"
    exec >/dev/null
    # Ends with standard input, which closes when whoever started us is gone.
    setpriv --pdeathsig KILL cat <&"$input" >/dev/null &
    watcher=$!
    wait -n "$watcher" "$pid" || true
    if kill -0 "$pid" 2>/dev/null; then
        end_process "$pid"
        return
    fi
    kill "$watcher" 2>/dev/null || true
    die "$flavour ended by itself; the end of $dir/server.log says why"
}

server_main() {
    local verb=${1:-} dir
    shift || usage
    umask 077
    set_options
    case $verb in
    install)
        [[ $# == 0 ]] || usage
        server_install
        ;;
    start | run | stop)
        [[ $# -ge 1 ]] || usage
        mkdir -p "$1"
        dir=$(cd "$1" && pwd -P)
        shift
        ;;&
    start)
        server_install
        server_start "$dir" 0 "$@"
        print_address "$dir"
        ;;
    run)
        server_install
        run_foreground "$dir" "$@"
        ;;
    stop)
        [[ $# == 0 ]] || usage
        if pid=$(server_pid "$dir"); then end_process "$pid"; else say "no server runs on $dir"; fi
        ;;
    exec)
        [[ $# -ge 1 ]] || usage
        server_install
        debian_command "$root" "usr/bin/$1"
        [[ -x $root/usr/bin/$1 ]] || die "the installation has no program $1; it has $(cd "$root/usr/bin" && echo *"$flavour"*)"
        shift
        exec "${command_line[@]}" "$@"
        ;;
    *) usage ;;
    esac
}
