"""The construct's JSON; that Terraform runs it in time: tests/integration/test_studio.py."""

from pathlib import Path

from constructs.studio.network_release import NetworkRelease
from tests.support import parts
from tests.support.synthesis import only, synthesized


def test_a_destroy_tells_the_script_the_region_and_the_vpc(tmp_path: Path) -> None:
    (tmp_path / "release.py").touch()
    resources = synthesized(
        lambda stack: NetworkRelease(
            stack, "studio_release", script=tmp_path / "release.py", region=parts.REGION, vpc_id="vpc-1"
        )
    )
    made = only(resources, "terraform_data")
    assert made["input"] == {"region": "eu-west-1", "vpc": "vpc-1"}
    [provisioner] = made["provisioner"]
    assert provisioner["local-exec"]["when"] == "destroy"
    assert provisioner["local-exec"]["command"].endswith('/release.py" "${self.output.region}" "${self.output.vpc}"')
