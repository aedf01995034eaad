"""Waits until jsii has indexed the AWS bindings: `python -m lazy_bindings.warm_up`, run once by `make`.

jsii unpacks the bindings into its cache at their first use and indexes their 130 MB of types in a worker thread. A
process that ends before the worker is done leaves no index, so that a fast app would load all types at every synth,
for ever (measured: 1.5 s against 0.6 s).
"""

import os
import time
from pathlib import Path

from lazy_bindings.install import install

TIMEOUT_SECONDS = 120


def package_cache() -> Path:
    """jsii's package cache: the variable that jsii reads, else its default on Linux and macOS."""
    if root := os.environ.get("JSII_RUNTIME_PACKAGE_CACHE_ROOT"):
        return Path(root)
    mac = Path.home() / "Library/Caches/com.amazonaws.jsii/package-cache"
    return mac if mac.parent.is_dir() else Path.home() / ".cache/aws/jsii/package-cache"


def warm_up() -> None:
    install()
    import cdktf_cdktf_provider_aws._jsii  # noqa: F401, PLC0415

    give_up = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < give_up:
        if any(package_cache().glob("@cdktf/provider-aws/*/*/.jsii.runtime.v*.json")):
            return
        time.sleep(0.2)
    print("lazy_bindings: jsii wrote no index of the AWS bindings: synth works, and takes about a second longer")


if __name__ == "__main__":
    warm_up()
