"""What AWS has where, from settings/aws_tables.json: regions with their zones, images, instance types, time zones.

pages/aws_tables.py writes that file, of what botocore, moto, dateutil and Terraform's provider know. They lag behind
AWS: to have a brand-new instance type or region, update botocore (`make lock`), then run it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_TABLES: Mapping[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_bytes())

# Those that have SageMaker and images that Terraform's provider knows, China's left out.
REGIONS: tuple[str, ...] = tuple(_TABLES["zone_letters"])
# Of each region, the letters that a zone may have in some account; which of them an account has, preflight asks.
ZONE_LETTERS: Mapping[str, str] = _TABLES["zone_letters"]
# Of each of AWS's image repositories, the regions that have it.
IMAGE_REGIONS: Mapping[str, tuple[str, ...]] = {
    name: tuple(group["regions"]) for group in _TABLES["images"] for name in group["repositories"]
}
VARIANT_INSTANCE_TYPES: tuple[str, ...] = tuple(_TABLES["variant_instance_types"])
NOTEBOOK_INSTANCE_TYPES: tuple[str, ...] = tuple(_TABLES["notebook_instance_types"])
TRAINING_INSTANCE_TYPES: tuple[str, ...] = tuple(_TABLES["training_instance_types"])
APP_INSTANCE_TYPES: tuple[str, ...] = tuple(_TABLES["app_instance_types"])
# IANA's names. Python's zoneinfo knows those of the machine that it is on, and the same settings must be sound on all.
TIME_ZONES: tuple[str, ...] = tuple(_TABLES["time_zones"])
