#!/usr/bin/env bash
# Runs the pipeline of this folder between a real MySQL and an emulated MaxCompute, changes data and tables meanwhile, and
# compares both sides with clients that are not ours. Started by `make demo`, which builds what it needs.
set -euo pipefail
shop=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$shop/../.." && pwd)
services=$repository/tests/services
compare=$repository/tests/compare
binaries=${CDC_BINARIES:-$repository/target/release}
plugins=${CDC_PLUGINS:-$repository/target/plugins}
kept_logs=$repository/target/demo-logs
tables=(customers products orders order_items stock page_views specimens coupons)

work=$(mktemp -d -t cdc-demo.XXXXXX)
mkdir "$work/logs"
declare -A mysql
emulator="" host="" writer=""

say() { printf '\n== %s\n' "$*"; }

die() {
    printf 'demo: error: %s\n' "$*" >&2
    exit 1
}

# ---- the servers and programs; each dies with this script, however that ends ----

start_mysql() {
    local name value
    coproc MYSQL { exec "$services/mysql.sh" run "$work/mysql" 2>"$work/logs/mysql.start"; }
    mysql_script=$MYSQL_PID
    # shellcheck disable=SC2034 # name is read by eval
    while IFS="=" read -r name value; do
        eval "mysql[\$name]=$value"
    done <&"${MYSQL[0]}"
    [[ -n ${mysql[port]:-} ]] || { cat "$work/logs/mysql.start" >&2; die 'MySQL did not start'; }
    mysql[address]=${mysql[host]}:${mysql[port]}
}

sql() { "$services/mysql.sh" exec mysql --defaults-file="${mysql[admin_options]}" --default-character-set=utf8mb4 "$@"; }

start_emulator() {
    local line
    mkfifo "$work/emulator.out"
    MAXCOMPUTE_EMULATOR_ACCESS_KEY=$(<"$work/access-key") setpriv --pdeathsig KILL \
        "$binaries/maxcompute-emulator" --listen 127.0.0.1:0 --project demo --access-id demo-access-id \
        >"$work/emulator.out" 2>"$work/logs/emulator" &
    emulator=$!
    exec {emulator_out}<"$work/emulator.out"
    read -r -t 60 line <&"$emulator_out" || die 'the emulator did not start'
    endpoint=${line#listening on }
}

# The pipeline file with the addresses and secrets of this run, for our eyes only.
write_pipeline() {
    (
        umask 077
        sed -f <(
            printf 's#^  hostname: .*#  hostname: %s#\n' "${mysql[host]}"
            printf 's#^  port: .*#  port: %s#\n' "${mysql[port]}"
            printf 's#^  username: .*#  username: %s#\n' "${mysql[user]}"
            printf 's#^  password: .*#  password: "%s"#\n' "$(<"${mysql[password_file]}")"
            printf 's#^  access-id: .*#  access-id: demo-access-id#\n'
            printf 's#^  access-key: .*#  access-key: "%s"#\n' "$(<"$work/access-key")"
            printf 's#^  endpoint: .*#  endpoint: %s/api#\n' "$endpoint"
        ) "$shop/pipeline.yaml" >"$work/pipeline.yaml"
    )
}

cdc_host() {
    exec setpriv --pdeathsig KILL "$binaries/cdc-host" run "$work/pipeline.yaml" --plugin "$plugins/mysql.wasm" \
        --plugin "$plugins/maxcompute.wasm" --state-dir "$work/state" "$@"
}

write() {
    exec setpriv --pdeathsig TERM "$python" "$shop/writer.py" --mysql "${mysql[address]}" --user admin \
        --password-file "${mysql[admin_password_file]}" --journal "$work/journal" --threads 2 --interval 0.01 "$@"
}

# await_value TABLE COLUMN VALUE: until a row with the value has come through the pipeline.
await_value() {
    "$python" "$compare/await_row.py" "${maxcompute[@]}" --table "$1" --column "$2" --value "$3" \
        --seconds 300 --process "$host"
}

# end PID SIGNAL: sends the signal and returns the exit code of the process.
end() {
    kill -"$2" "$1"
    wait "$1"
}

clean_up() {
    local code=$? pid
    trap '' INT TERM HUP
    for pid in $writer $host $emulator; do
        kill -TERM "$pid" 2>/dev/null || true
    done
    # shellcheck disable=SC2086 # each is one number or nothing
    wait $writer $host $emulator 2>/dev/null || true
    # MySQL ends with its standard input.
    [[ -z ${MYSQL[1]:-} ]] || eval "exec ${MYSQL[1]}>&-"
    [[ -z ${mysql_script:-} ]] || wait "$mysql_script" || true
    if [[ $code != 0 ]]; then
        cp "$work/mysql/server.log" "$work/logs/mysql" 2>/dev/null || true
        rm -rf "$kept_logs"
        mkdir -p "$(dirname "$kept_logs")"
        cp -r "$work/logs" "$kept_logs"
        printf 'demo: failed; the logs of the servers are in %s\n' "$kept_logs" >&2
    fi
    rm -rf "$work"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- what happens ----

for file in "$binaries"/{cdc-host,maxcompute-emulator} "$plugins"/{mysql,maxcompute}.wasm; do
    [[ -e $file ]] || die "$file is missing; build it with: make build"
done
python=$("$services/python.sh")
(umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$work/access-key")

say 'starting MySQL and the MaxCompute emulator'
start_mysql
start_emulator
printf 'MySQL %s on %s, MaxCompute on %s\n' "${mysql[version]}" "${mysql[address]}" "$endpoint"
maxcompute=(--maxcompute "$endpoint/api" --project demo --access-id demo-access-id --access-key-file "$work/access-key")

say 'filling the shop'
sql <"$shop/seed.sql"
write_pipeline

say 'starting the pipeline, and changing the shop while it reads its snapshot'
cdc_host &
host=$!
write --seed snapshot &
writer=$!
sql shop -e "INSERT INTO page_views VALUES (-1, 1, NULL, '/first-marker', 0, '2025-01-01')"
await_value page_views url /first-marker
end "$writer" TERM
writer=
# Rows of page_views become visible when its snapshot is whole: from here on the sink must have each change of it.
printf '{"mark": "streaming"}\n' >>"$work/journal"

say 'changing the shop while the pipeline streams'
write --seed stream --transactions 1500 &
writer=$!
sql shop -e "SET SESSION lock_wait_timeout = 60;
    ALTER TABLE customers ADD COLUMN nickname VARCHAR(40);
    UPDATE customers SET nickname = CONCAT('nick-', id) WHERE id % 100 = 0;
    ALTER TABLE customers DROP COLUMN legacy_code;
    ALTER TABLE products MODIFY rating SMALLINT;
    UPDATE products SET rating = 1000 WHERE sku LIKE '%7';
    CREATE TABLE coupons (code VARCHAR(20) PRIMARY KEY, percent TINYINT UNSIGNED NOT NULL, ends DATE);
    INSERT INTO coupons VALUES ('SPRING', 10, '2026-05-31'), ('LOYAL', 25, NULL);
    UPDATE coupons SET percent = 30 WHERE code = 'LOYAL'"
# The writer picks rows to delete from all it finds; the marker comes when it has ended.
wait "$writer"
writer=
sql shop -e "INSERT INTO customers (email, name, country, balance, visits, created_at)
    VALUES ('second-marker@example.org', 'Marker', 'DE', 0, 0, '2025-01-01')"
await_value customers email second-marker@example.org

say 'stopping the pipeline (SIGTERM): it commits what it has read'
code=0
end "$host" TERM || code=$?
host=
[[ $code == 0 ]] || die "cdc-host ended with code $code after SIGTERM, expected 0"

say 'changing the shop while no pipeline runs'
(write --seed down --transactions 500)

say 'starting the pipeline again, until it has caught up'
(cdc_host --until-caught-up) || die "cdc-host --until-caught-up ended with code $?, expected 0"

say 'the tables in MaxCompute'
"$python" "$compare/show.py" "${maxcompute[@]}" --rows 4 "${tables[@]}"

say 'comparing, with PyMySQL and PyODPS'
pairs=()
for table in "${tables[@]}"; do
    how=keyed
    [[ $table == page_views ]] && how=append:id:version
    pairs+=(--table "shop.$table=$table:$how")
done
"$python" "$compare/compare.py" --mysql "${mysql[address]}" --mysql-user "${mysql[user]}" \
    --mysql-password-file "${mysql[password_file]}" "${maxcompute[@]}" "${pairs[@]}" --writer-journal "$work/journal" |
    tee "$work/logs/comparison"
totals=$(sed -n 's/^source and sink agree: //p' "$work/logs/comparison")
[[ -n $totals ]] || die 'the comparer did not say that source and sink agree'
printf 'demo: %s, source and sink agree\n' "$totals"
