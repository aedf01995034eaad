"""Waits until jsii has indexed the AWS bindings: `python -m lazy_bindings.warm_up`, run once by `make`.

jsii unpacks the bindings into its cache at their first use and indexes their 130 MB of types in a worker thread. A
process that ends before the worker is done leaves no index, so that a fast app would load all types at every synth,
for ever (measured: 1.5 s against 0.6 s).
"""

import os
import time

from lazy_bindings.install import install
from lazy_bindings.variables import package_cache

TIMEOUT_SECONDS = 120


def warm_up() -> None:
    install()
    import cdktf_cdktf_provider_aws._jsii  # noqa: F401, PLC0415

    give_up = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < give_up:
        if any(package_cache(os.environ).glob("@cdktf/provider-aws/*/*/.jsii.runtime.v*.json")):
            return
        time.sleep(0.2)
    print("lazy_bindings: jsii wrote no index of the AWS bindings: synth works, and takes about a second longer")


if __name__ == "__main__":
    warm_up()
