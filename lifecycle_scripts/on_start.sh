#!/bin/bash
# Runs as root at every start of a notebook instance, the first one included: it is both hooks, OnCreate and OnStart.
# Nothing in it fails the start. What takes long goes on in the background, as SageMaker allows 5 minutes.
# Log: /aws/sagemaker/NotebookInstances, stream <notebook instance>/LifecycleConfigOnStart, or .../LifecycleConfigOnCreate.
# Python files and settings.json come into the places of the markers: docs/notebooks.md.
set -uo pipefail

wait_seconds=180 limit_seconds=1800
program=/opt/ml-platform log=/var/log/ml-platform/deliver-notebooks.log home=/home/ec2-user

mkdir --parents "$program" "${log%/*}"
cat >"$program/settings.json" <<'END_OF_SETTINGS'
@SETTINGS@
END_OF_SETTINGS
cat >"$program/deliver_notebooks.py" <<'END_OF_PYTHON'
@DELIVER_NOTEBOOKS@
END_OF_PYTHON

# As the user whose folder it is, in which root would follow links. A session of its own outlives this script.
touch "$log"
written=$(stat --format %s "$log")
setsid runuser --user ec2-user -- env HOME="$home" timeout "$limit_seconds" /usr/bin/python3 -u \
  "$program/deliver_notebooks.py" "$program/settings.json" "$home/SageMaker" >>"$log" 2>&1 </dev/null &
delivery=$!
timeout "$wait_seconds" tail --bytes=+$((written + 1)) --follow --pid=$delivery "$log" >&2
! kill -0 $delivery 2>/dev/null || echo "the notebooks are still being brought, see $log" >&2
exit 0
