#!/usr/bin/env bash
# Runs every suite that is meant for a GPU, one after the other, each with as many runs at once as the GPU takes:
#
#     leaderboards/on-cuda.sh DATA OUT [OPTION of `tlbench run` …]
#
#     leaderboards/on-cuda.sh ~/tlbench-data out
#     WORKERS=4 leaderboards/on-cuda.sh ~/tlbench-data out --seed 0
#
# DATA is the folder of data (docs/datasets.md). OUT gets results/ with the records, and of every suite SUITE.txt with
# its tables and SUITE.log with what was said on the way. Typed again, it runs only what is missing. PYTHON names the
# interpreter that has tlbench (python), WORKERS the number of runs at once.
# Exit code: 0 every suite is whole, 1 some are not, 2 the input is wrong or there is no CUDA device, 130 interrupted.
set -u -o pipefail

# From the shortest to the longest, so that much is there early.
SUITES=(pacs-trained-shots sentences-encoder amazon-text-encoder digits-real pacs-trained)

stop() {
    echo "on-cuda.sh: $1" >&2
    exit 2
}

# Processes that share a GPU take turns on it; what is gained is that it need not wait while one of them prepares its
# next step, which keeps a core busy. So there is one run a core, eight at most, and for each 4 GiB of the GPU's memory
# that is free: room for its context, its data, and a network such as MobileNetV2 or MiniLM in training.
count_workers() {
    "$python" - <<'PYTHON'
import os

import torch

memory = torch.cuda.mem_get_info()[0] // 2**32  # of the device that runs use, in units of 4 GiB that are free
print(max(1, min(8, memory, len(os.sched_getaffinity(0)))))
PYTHON
}

run_suite() {
    local suite=$1 start=$SECONDS code state=whole
    shift
    echo "$suite: begins, $workers at once; what it says is in $out/$suite.log"
    "$python" -m tlbench run "$suite" --data "$data" --results "$out/results" --device cuda --workers "$workers" "$@" \
        >"$out/$suite.txt" 2>"$out/$suite.log"
    code=$?
    [[ $code -eq 130 ]] && exit 130
    if [[ $code -ne 0 ]]; then
        state="not whole (exit code $code), see $suite.log"
        tail -n 3 "$out/$suite.log" >&2
        worst=1
    fi
    timings+=("$(printf '%-20s %5d s  %s' "$suite" $((SECONDS - start)) "$state")")
    echo "${timings[-1]}"
}

[[ $# -ge 2 ]] || stop "name the folder of data and one for the output: on-cuda.sh DATA OUT [OPTION of tlbench run …]"
data=$1 out=$2
shift 2
python=${PYTHON:-python}
[[ -d $data ]] || stop "'$data' is no folder; name the one that holds the data, see docs/datasets.md"
# What is amiss beside the device concerns some suites alone, and each says it for itself.
report=$("$python" -m tlbench doctor --data "$data")
device=$(sed -n 's/^device *//p' <<<"$report")
case $device in
'') stop "'$python -m tlbench doctor' names no device; say PYTHON=… before it, an interpreter with tlbench" ;;
cpu* | unknown*) stop "no CUDA device here (tlbench doctor: device $device); a CPU would take days" ;;
esac
mkdir -p "$out" || stop "'$out' cannot be made; name another folder for the output"
workers=${WORKERS:-$(count_workers)} || stop "the GPU does not tell its free memory; say WORKERS=4 or so before it"
[[ $workers =~ ^[1-9][0-9]*$ ]] || stop "WORKERS='$workers' must be a positive whole number"

echo "device: $device"
timings=() worst=0
trap 'exit 130' INT TERM
for suite in "${SUITES[@]}"; do
    run_suite "$suite" "$@"
done
echo
printf '%s\n' "${timings[@]}" "$(printf '%-20s %5d s' all $SECONDS)"
exit $worst
