"""The CDKTF app: the environments, one stack each, synth."""

import os

from lazy_bindings.install import install
from stacks.environments import read_environments

environments = read_environments(os.environ)  # bad input ends here, before anything is loaded or written
install()  # before anything imports cdktf

from cdktf import App
from stacks.ml_platform_stack import MlPlatformStack

app = App()
for environment in environments:
    MlPlatformStack(app, environment)
app.synth()
