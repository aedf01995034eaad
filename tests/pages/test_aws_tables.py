"""settings/aws_tables.json against what it was made of: where a test here fails, run pages/aws_tables.py."""

import json
import os
from typing import Any

import pytest

from local_aws import provider
from pages import aws_tables

TABLES: dict[str, Any] = json.loads(aws_tables.FILE.read_bytes())
REGIONS_OF = {name: group["regions"] for group in TABLES["images"] for name in group["repositories"]}


@pytest.mark.parametrize(
    ("table", "shape"),
    [
        ("variant_instance_types", "ProductionVariantInstanceType"),
        ("notebook_instance_types", "InstanceType"),
        ("training_instance_types", "TrainingInstanceType"),
        ("app_instance_types", "AppInstanceType"),
    ],
)
def test_the_instance_types_are_those_of_botocores_model(table: str, shape: str) -> None:
    assert TABLES[table] == aws_tables.instance_types(shape)
    assert len(TABLES[table]) > 150


def test_the_time_zones_are_those_that_dateutil_brings_and_no_text_that_says_none() -> None:
    assert TABLES["time_zones"] == aws_tables.time_zones()
    assert {"UTC", "Europe/Berlin", "Asia/Kolkata"} < {*TABLES["time_zones"]}
    assert "Factory" not in TABLES["time_zones"]


def test_every_region_has_sagemaker_by_botocores_endpoints_and_zones_by_motos() -> None:
    assert {*TABLES["zone_letters"]} <= {*aws_tables.regions()}
    assert TABLES["zone_letters"] == {region: aws_tables.zone_letters(region) for region in TABLES["zone_letters"]}
    assert {region for regions in REGIONS_OF.values() for region in regions} == {*TABLES["zone_letters"]}


@pytest.fixture(scope="module")
def terraforms_provider(tmp_path_factory: pytest.TempPathFactory) -> aws_tables.Provider:
    folder = tmp_path_factory.mktemp("provider")
    changes, _ = provider.cli_configuration(folder, os.environ)
    return aws_tables.Provider(folder, TABLES["provider_version"], os.environ | changes)


def test_the_image_repositories_are_those_that_terraforms_provider_knows(
    terraforms_provider: aws_tables.Provider,
) -> None:
    assert sorted(terraforms_provider.repositories()) == sorted(REGIONS_OF)


def test_a_region_has_the_images_that_terraforms_provider_finds_there(
    terraforms_provider: aws_tables.Provider,
) -> None:
    """Of some: what it does not find takes it a second for ten."""
    some = ["linear-learner", "sagemaker-scikit-learn", "lda", "sagemaker-geospatial-v1-0"]
    found = {*terraforms_provider.finds(some, [*TABLES["zone_letters"]])}
    assert found == {(name, region) for name in some for region in REGIONS_OF[name]}
