#!/bin/bash
# Runs as sagemaker-user whenever a JupyterLab space of Studio starts. Nothing in it fails the start.
# Log: /aws/sagemaker/studio, stream <domain>/<space>/JupyterLab/default/LifecycleConfigOnStart.
# Files come into the places of the markers; comments like this one stay in the project.
set -uo pipefail
@DELIVER@

program=$HOME/.ml-platform log=$HOME/.ml-platform/deliver-notebooks.log
mkdir --parents "$program"
# The folder outlives the space's stop, and so would a log that only grows.
rm --force "$log"
deliver "$program" "$log" "$HOME" python3
exit 0
