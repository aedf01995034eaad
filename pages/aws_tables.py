"""Writes settings/aws_tables.json: `python -m pages.aws_tables 6.25.0`.

What is there is asked, not copied: botocore's models for regions and instance types, moto for zones, dateutil for time
zones, and Terraform's provider, of the version that is given and that Terraform must be able to get, for the images
that it finds where. tests/pages/test_aws_tables.py says when it is to be run again.
"""

import argparse
import json
import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import botocore.session
from dateutil.zoneinfo import get_zonefile_instance  # type: ignore[import-untyped]
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

from stacks.environments import ROOT

FILE = ROOT / "settings/aws_tables.json"
SOURCE = "aws_sagemaker_prebuilt_ecr_image"
# Those whose services, principals and VPC endpoints have the names that the platform uses.
PARTITIONS = ("aws", "aws-us-gov")
OFFLINE = {
    "region": "us-east-1",
    "access_key": "none",
    "secret_key": "none",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_requesting_account_id": True,
}


def regions() -> list[str]:
    """Those that have SageMaker."""
    session = botocore.session.get_session()
    return [name for part in PARTITIONS for name in session.get_available_regions("sagemaker", part)]


def instance_types(shape: str) -> list[str]:
    model = botocore.session.get_session().get_service_model("sagemaker")
    return sorted(model.shape_for(shape).enum)


def zone_letters(region: str) -> str:
    """Those that a zone of the region may have in some account.

    As many as zones were ever numbered there: an older account has letters of its own for them, and may lack one.
    https://docs.aws.amazon.com/global-infrastructure/latest/regions/az-ids.html
    """
    zones = RegionsAndZonesBackend.zones[region]
    return "abcdefghijklmnopqrstuvwxyz"[: max(int(zone.zone_id.rpartition("-az")[2]) for zone in zones)]


def time_zones() -> list[str]:
    """IANA's names, of the release that dateutil brings; Factory is none, but says that nobody has chosen one."""
    return sorted({*get_zonefile_instance().zones} - {"Factory"})


class Provider:
    """Terraform's provider in a folder of its own; it answers from its tables, without AWS."""

    def __init__(self, folder: Path, provider_version: str, variables: Mapping[str, str] | None = None) -> None:
        self._folder, self._variables = folder, variables
        required = {"aws": {"source": "hashicorp/aws", "version": provider_version}}
        self._base = {"terraform": {"required_providers": required}, "provider": {"aws": OFFLINE}}
        self._write({"any": {"repository_name": "?"}})
        self._terraform("init", check=True)

    def repositories(self) -> list[str]:
        """Those whose images it knows: it lists them to whoever asks for another one."""
        self._write({"any": {"repository_name": "?"}})
        [diagnostic] = json.loads(self._terraform("validate", "-json"))["diagnostics"]
        return re.findall(r'"([^"]+)"', diagnostic["summary"].partition("to be one of")[2].partition("]")[0])

    def finds(self, repositories: Iterable[str], of: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Of these repositories in these regions, those whose images it finds."""
        places = [{"repository": name, "region": region} for name in repositories for region in of]
        each = {f"{place['repository']} {place['region']}": place for place in places}
        source = {"repository_name": "${each.value.repository}", "region": "${each.value.region}"}
        self._write({"each": {"for_each": "${local.each}", **source}}, each)
        for line in self._terraform("plan", "-json", "-input=false").splitlines():
            message = json.loads(line)
            if message["type"] == "apply_complete":
                name, region = message["hook"]["resource"]["resource_key"].split()
                yield name, region

    def _write(self, sources: Mapping[str, Any], each: Mapping[str, Any] | None = None) -> None:
        content = self._base | {"locals": {"each": each or {}}, "data": {SOURCE: sources}}
        (self._folder / "main.tf.json").write_text(json.dumps(content, indent=0))  # Terraform quotes a line per error

    def _terraform(self, *arguments: str, check: bool = False) -> str:
        command, env = ["terraform", *arguments], None if self._variables is None else dict(self._variables)
        ran = subprocess.run(command, cwd=self._folder, env=env, stdout=subprocess.PIPE, text=True, check=check)
        return ran.stdout


def images(provider: Provider) -> list[dict[str, Sequence[str]]]:
    """Repositories with the regions that have them."""
    found, together = defaultdict(set), defaultdict(list)
    for name, region in provider.finds(provider.repositories(), regions()):
        found[name].add(region)
    for name in sorted(found):
        together[tuple(sorted(found[name]))].append(name)
    return [{"repositories": names, "regions": of} for of, names in together.items()]


def tables(provider_version: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        found = images(Provider(Path(folder), provider_version))
    have_images = {region for group in found for region in group["regions"]}
    return {
        "provider_version": provider_version,
        "zone_letters": {region: zone_letters(region) for region in sorted(have_images)},
        "images": found,
        "variant_instance_types": instance_types("ProductionVariantInstanceType"),
        "notebook_instance_types": instance_types("InstanceType"),
        "training_instance_types": instance_types("TrainingInstanceType"),
        "app_instance_types": instance_types("AppInstanceType"),
        "time_zones": time_zones(),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("provider_version")
    FILE.write_text(json.dumps(tables(parser.parse_args().provider_version), indent=1) + "\n")
