#!/bin/bash
# A part of on_start.sh and of on_studio_start.sh, in the place of its marker. Python files and settings.json come into
# the places of the markers.
# deliver PROGRAM LOG FOLDER PYTHON [COMMAND ...]: brings the notebooks into FOLDER, in the background, as SageMaker
# allows a start 5 minutes. For three of them what LOG has to say is followed. COMMAND runs PYTHON as FOLDER's user.
deliver() {
  local wait_seconds=180 limit_seconds=1800 program=$1 log=$2 folder=$3 python=$4 delivery written
  shift 4
  cat >"$program/settings.json" <<'END_OF_SETTINGS'
@SETTINGS@
END_OF_SETTINGS
  cat >"$program/deliver_notebooks.py" <<'END_OF_PYTHON'
@DELIVER_NOTEBOOKS@
END_OF_PYTHON
  # What it says is not what the delivery hangs on.
  { touch "$log" && [ -f "$log" ]; } || log=$(mktemp) || log=/dev/null
  written=$(stat --format %s "$log")
  # A session of its own outlives the script.
  setsid "$@" timeout "$limit_seconds" "$python" -u "$program/deliver_notebooks.py" "$program/settings.json" "$folder" \
    >>"$log" 2>&1 </dev/null &
  delivery=$!
  timeout "$wait_seconds" tail --bytes=+$((written + 1)) --follow --pid=$delivery "$log" >&2
  ! kill -0 $delivery 2>/dev/null || echo "the notebooks are still being brought, see $log" >&2
}
