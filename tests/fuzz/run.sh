#!/usr/bin/env bash
# Fuzzes the targets that are named, one after the other, FUZZ_SECONDS each, and says what was found. Corpora grow in
# target/fuzz/corpus; an input that breaks something is kept in target/fuzz/findings, and given to the target again as
# `target/fuzz/TRIPLE/release/TARGET FILE` it breaks it again.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

seconds=${FUZZ_SECONDS:-600}
python=${PYTHON:-python3}
out=target/fuzz
triple=$(rustc -vV | sed -n 's/^host: //p')

# Stable: the flags are those of LLVM's coverage pass, as libFuzzer wants it. Only the triple's own code gets them.
flags=(-Cpasses=sancov-module)
for flag in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=("-Cllvm-args=-sanitizer-coverage-$flag")
done
RUSTFLAGS="${flags[*]} --cfg fuzzing" "${CARGO:-cargo}" build --manifest-path tests/fuzz/Cargo.toml --release --locked \
    --target "$triple" --target-dir "$out" || exit
"$python" tests/fuzz/seeds.py "$out/seeds" || exit

# Memory and time that no input of this size may need.
limits=(-max_len=16384 -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256)
failed=()
mkdir -p "$out/log"
for target; do
    mkdir -p "$out/corpus/$target" "$out/findings/$target" "$out/seeds/$target"
    "$out/$triple/release/$target" "$out/corpus/$target" "$out/seeds/$target" "${limits[@]}" \
        -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$out/findings/$target/" \
        >"$out/log/$target" 2>&1 || failed+=("$target")
    # The last line of progress has coverage, executions and memory.
    printf '%s: %s\n' "$target" "$(grep -E '^#[0-9]' "$out/log/$target" | tail -n 1)"
done

for target in "${failed[@]}"; do
    printf '%s failed; see %s\n' "$target" "$out/log/$target"
done
((${#failed[@]} == 0))
