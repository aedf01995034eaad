"""The CDKTF app: the environments, one stack each, synth."""

import os
import sys

from lazy_bindings.install import install
from stacks.sourced_shell import environments_of_this_shell

if sys.argv[1:]:
    sys.exit(f"main.py: {sys.argv[1]!r}: must be left out: for one environment, cdktf deploy dev")
environments = environments_of_this_shell(os.environ)  # bad input ends here, before anything is written
install()  # before anything imports cdktf

from stacks.checked_app import CheckedApp
from stacks.ml_platform_stack import MlPlatformStack

app = CheckedApp()
for environment in environments:
    MlPlatformStack(app, environment)
app.synth()
