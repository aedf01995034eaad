#!/bin/bash
# Runs as sagemaker-user whenever a JupyterLab space of Studio starts. Nothing in it fails the start. What takes long goes
# on in the background, as SageMaker allows 5 minutes.
# Log: /aws/sagemaker/studio, stream <domain>/<space>/JupyterLab/default/LifecycleConfigOnStart.
# A Python file and settings.json come into the places of the markers; comments like this one stay in the project.
set -uo pipefail

wait_seconds=180 limit_seconds=1800
program=$HOME/.ml-platform log=$HOME/.ml-platform/deliver-notebooks.log

mkdir --parents "$program"
cat >"$program/settings.json" <<'END_OF_SETTINGS'
@SETTINGS@
END_OF_SETTINGS
cat >"$program/deliver_notebooks.py" <<'END_OF_PYTHON'
@DELIVER_NOTEBOOKS@
END_OF_PYTHON

# The folder outlives the space's stop, and so would a log that only grows. A session of its own outlives this script.
: >"$log"
setsid timeout "$limit_seconds" python3 -u "$program/deliver_notebooks.py" "$program/settings.json" "$HOME" \
  >>"$log" 2>&1 </dev/null &
delivery=$!
timeout "$wait_seconds" tail --bytes=+1 --follow --pid=$delivery "$log" >&2
! kill -0 $delivery 2>/dev/null || echo "the notebooks are still being brought, see $log" >&2
exit 0
