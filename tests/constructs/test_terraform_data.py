import os
import subprocess
import sys
from pathlib import Path

from cdktf import TerraformResourceLifecycle

from constructs.terraform_data import TYPE, TerraformData
from lazy_bindings.variables import package_cache
from stacks.environments import ROOT
from tests.support.synthesis import only, synthesized


def test_values_are_kept_and_other_values_replace_it() -> None:
    made = only(
        synthesized(
            lambda stack: TerraformData(
                stack,
                "kept",
                values={"a_b": "c"},
                replaced_by={"d_e": "f"},
                lifecycle=TerraformResourceLifecycle(ignore_changes=["input"]),
            )
        ),
        TYPE,
    )
    assert made == {"input": {"a_b": "c"}, "triggers_replace": {"d_e": "f"}, "lifecycle": {"ignore_changes": ["input"]}}


def test_a_command_is_run_when_it_is_made() -> None:
    made = only(synthesized(lambda stack: TerraformData(stack, "run", command="true")), TYPE)
    assert made["provisioner"] == [{"local-exec": {"command": "true"}}]


def test_synth_needs_no_terraform(tmp_path: Path) -> None:
    """CDKTF's own DataResource would ask it for its version, once for each stack."""
    finished = subprocess.run(
        [sys.executable, "main.py"],
        cwd=ROOT,
        env={
            "PATH": str(tmp_path),
            "HOME": str(tmp_path),
            "CDKTF_OUTDIR": str(tmp_path / "out"),
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(package_cache(os.environ)),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
