#!/bin/bash
# Runs as root at every start of a notebook instance, the first one included: it is both hooks, OnCreate and OnStart.
# Nothing in it fails the start.
# Log: /aws/sagemaker/NotebookInstances, stream <notebook instance>/LifecycleConfigOnStart, or .../LifecycleConfigOnCreate.
# Files come into the places of the markers; comments like this one stay in the project.
set -uo pipefail
@DELIVER@

program=/opt/ml-platform log=/var/log/ml-platform/deliver-notebooks.log home=/home/ec2-user python=/usr/bin/python3
mkdir --parents "$program" "${log%/*}"
cat >"$program/stop_when_idle.py" <<'END_OF_PYTHON'
@STOP_WHEN_IDLE@
END_OF_PYTHON

# One look every 5 minutes. What it says takes the place of what the last one said.
look="$python $program/stop_when_idle.py $program/settings.json" said=${log%/*}/stop-when-idle.log
if [ -d /run/systemd/system ]; then
  unit=/etc/systemd/system/stop-when-idle
  cat >$unit.service <<END
[Service]
Type=oneshot
User=ec2-user
StandardOutput=truncate:$said
TimeoutStartSec=4min
ExecStart=$look
END
  cat >$unit.timer <<END
[Timer]
OnCalendar=*:0/5
[Install]
WantedBy=timers.target
END
  systemctl daemon-reload && systemctl --quiet enable --now stop-when-idle.timer
elif cron=$(command -v crond cron); then
  install --owner ec2-user /dev/null "$said"
  echo "*/5 * * * * ec2-user timeout 240 $look >$said 2>&1" >/etc/cron.d/stop-when-idle
  # One that runs already reads the file by itself.
  pgrep --exact 'crond?' >/dev/null || ${cron%%$'\n'*}
else
  echo "there is neither systemd nor cron" >&2
  false
fi || echo "this instance never stops by itself" >&2

# As the user whose folder it is, in which root would follow links.
deliver "$program" "$log" "$home/SageMaker" "$python" runuser --user ec2-user -- env HOME="$home"
exit 0
