"""The CDKTF app: the environments, one stack each, synth."""

import sys

from lazy_bindings.install import install
from stacks.environments import read_environments
from stacks.faults import InvalidInputError

try:
    environments = read_environments()
except InvalidInputError as error:
    sys.exit(str(error))

install()  # before anything imports cdktf
from cdktf import App
from stacks.ml_platform_stack import MlPlatformStack

app = App()
for environment in environments:
    MlPlatformStack(app, environment)
app.synth()
