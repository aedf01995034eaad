import re
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from settings.aws_tables import REGIONS
from settings.bucket import BucketSettings
from settings.encryption_key import EncryptionKeySettings
from settings.endpoint import ProvisionedEndpointSettings, ServerlessEndpointSettings, ShadowedEndpointSettings
from settings.environment import EnvironmentSettings
from settings.limits import SERVERLESS_REGIONS, RetentionDays, has_instance_storage, is_burstable
from settings.logs import LogSettings
from settings.names import NOTEBOOK_TAGS
from settings.network import ExistingNetworkSettings, NetworkSettings, NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.problems import InvalidInputError, Problem, problems_of
from settings.scaling import InstanceScalingSettings
from settings.variant import VariantSettings
from tests.support.aws_model import shape
from tests.support.script_training import script_training


def problems(**changes: Any) -> list[str]:
    """What is wrong with an otherwise sound environment."""
    values: dict[str, Any] = {
        "name": "dev",
        "region": "us-east-1",
        "local_state": True,
        "endpoints": [ServerlessEndpointSettings()],
    }
    try:
        EnvironmentSettings(**values | changes).checked()
    except ValidationError as error:
        return [str(problem) for problem in problems_of("dev", EnvironmentSettings, error)]
    return []


def serverless(**values: Any) -> list[str]:
    return problems(endpoints=[ServerlessEndpointSettings(**values)])


def provisioned(**values: Any) -> list[str]:
    return problems(endpoints=[ProvisionedEndpointSettings(production=VariantSettings(**values))])


def test_defaults_are_sound() -> None:
    assert problems() == []


def test_all_problems_of_a_tree_come_out_at_once() -> None:
    found = problems(
        region="mars",
        bucket=BucketSettings(name="Acme"),
        endpoints=[ProvisionedEndpointSettings(production=VariantSettings(weight=-1, instance_count=0))],
    )
    assert [line.split(": ")[1] for line in sorted(found)] == [
        "bucket.name",
        "endpoints.0.production.instance_count",
        "endpoints.0.production.weight",
        "region",
    ]


@pytest.mark.parametrize("memory", [1024, 2048, 3072, 4096, 5120, 6144])
def test_accepts_the_memory_sizes_that_sagemaker_knows(memory: int) -> None:
    assert serverless(memory_size_mb=memory) == []


@pytest.mark.parametrize("memory", [0, 1000, 1023, 1025, 7168, "1024"])
def test_rejects_another_memory_size_and_names_the_sizes(memory: object) -> None:
    assert serverless(memory_size_mb=memory) == [
        f"dev: endpoints.0.memory_size_mb: {memory!r}: must be one of 1024, 2048, 3072, 4096, 5120 or 6144 "
        "(AWS limit: https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
        "API_ProductionVariantServerlessConfig.html)"
    ]


@pytest.mark.parametrize(("value", "sound"), [(0, False), (1, True), (200, True), (201, False)])
def test_max_concurrency_is_1_to_200(value: int, sound: bool) -> None:
    assert (serverless(max_concurrency=value) == []) is sound


def test_rejects_more_provisioned_than_maximum_concurrency() -> None:
    assert serverless(max_concurrency=5, provisioned_concurrency=5) == []
    assert serverless(max_concurrency=5, provisioned_concurrency=6) == [
        "dev: endpoints.0.provisioned_concurrency: 6: must be at most max_concurrency, 5 "
        "(AWS limit: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html)"
    ]


@pytest.mark.parametrize("field", ["shadow", "vpc_config", "data_capture", "update"])
def test_rejects_an_unknown_field_and_names_the_known_ones(field: str) -> None:
    assert serverless(**{field: 1}) == [
        f"dev: endpoints.0.{field}: 1: unknown field: must be one of "
        "alarms, kind, max_concurrency, memory_size_mb, name, name_carries_hosting, provisioned_concurrency, scaling, "
        "soak_minutes"
    ]


@pytest.mark.parametrize(("field", "meant"), [("memory", "memory_size_mb"), ("max_concurency", "max_concurrency")])
def test_a_near_miss_gets_a_suggestion(field: str, meant: str) -> None:
    [line] = serverless(**{field: 1})
    assert line.endswith(f" (did you mean {meant}?)")


def test_faults_are_coloured_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [Problem(where=name, allowed="must be") for name in ("b", "a")]
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert str(InvalidInputError(both)) == "\033[31ma: must be\033[0m\n\033[31mb: must be\033[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert str(InvalidInputError(both)) == "a: must be\nb: must be"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setattr("sys.stderr.isatty", lambda: False)
    assert str(InvalidInputError(both)) == "a: must be\nb: must be"


def test_rejects_an_unknown_field_of_the_environment() -> None:
    [line] = problems(buckets=1)
    assert line.startswith("dev: buckets: 1: unknown field: must be one of account_id, alarm_emails, bucket, ")


def test_rejects_settings_that_are_no_endpoint() -> None:
    assert problems(endpoints=[VariantSettings()]) == [
        "dev: endpoints.0: must be ProvisionedEndpointSettings(...), ShadowedEndpointSettings(...) or "
        "ServerlessEndpointSettings(...)"
    ]


def test_a_missing_value_is_named() -> None:
    assert problems(endpoints=[ProvisionedEndpointSettings()]) == [  # type: ignore[call-arg]
        "dev: endpoints.0.production: missing: must be given"
    ]


@pytest.mark.parametrize(
    ("weight", "sound"), [(-0.1, False), (0, True), (0.5, True), (float("inf"), False), (float("nan"), False)]
)
def test_a_weight_is_a_finite_number_from_0(weight: float, sound: bool) -> None:
    shadow = ShadowedEndpointSettings(production=VariantSettings(), shadow=VariantSettings(weight=weight))
    assert (problems(endpoints=[shadow]) == []) is sound


def test_a_weight_of_zero_is_kept() -> None:
    endpoint = ShadowedEndpointSettings(production=VariantSettings(), shadow=VariantSettings(weight=0)).checked()
    assert endpoint.shadow.weight == 0


@pytest.mark.parametrize(
    "endpoint",
    [
        ProvisionedEndpointSettings(production=VariantSettings(weight=0)),
        ShadowedEndpointSettings(production=VariantSettings(weight=0), shadow=VariantSettings()),
        ShadowedEndpointSettings(production=VariantSettings(weight=0), shadow=VariantSettings(weight=0)),
    ],
)
def test_rejects_a_production_variant_that_gets_no_request(endpoint: object) -> None:
    [line] = problems(endpoints=[endpoint])
    assert line.startswith(
        "dev: endpoints.0.production.weight: 0.0: must be above 0, as it is the only production variant"
    )


@pytest.mark.parametrize(
    ("instance_type", "sound"),
    [
        ("ml.t3.medium", True),
        ("ml.g4dn.xlarge", True),
        *((f"ml.{family}.xlarge", False) for family in ("p2", "p3", "p3dn", "inf1", "g3")),
    ],
)
def test_a_notebook_instance_type_runs_amazon_linux_2023(instance_type: str, sound: bool) -> None:
    found = problems(notebook=NotebookSettings(instance_type=instance_type))
    assert (found == []) is sound
    assert sound or "must not be of the families p2, p3, p3dn, inf1 and g3, which Amazon Linux 2023 does" in found[0]


@pytest.mark.parametrize(("count", "sound"), [(0, False), (1, True), (1.5, False)])
def test_an_instance_count_is_a_whole_number_from_1(count: float, sound: bool) -> None:
    assert (provisioned(instance_count=count) == []) is sound


@pytest.mark.parametrize(("instance_type", "sound"), [("ml.m5.large", True), ("m5.large", False), ("ml.m5", False)])
def test_an_instance_type_is_one_of_machine_learning(instance_type: str, sound: bool) -> None:
    assert (provisioned(instance_type=instance_type) == []) is sound


@pytest.mark.parametrize(
    "name",
    ["abc", "a" * 63, "acme.data-1", "1-sagemaker"],
)
def test_accepts_bucket_names_that_s3_accepts(name: str) -> None:
    assert problems(bucket=BucketSettings(name=name)) == []


@pytest.mark.parametrize(
    "name",
    [
        "ab", "a" * 64, "Acme", "acme_data", "-acme", "acme-", "a..b", "192.168.1.1", "xn--acme", "sthree-acme",
        "amzn-s3-demo-acme", "sthree-configurator", "acme--table-s3", "acme-111111111111-us-east-1-an", "acme.-data",
        "acme-.data", "acme-s3alias", "acme--ol-s3", "acme.mrap", "acme--x-s3", "acme\n", "acmé",
    ],
)  # fmt: skip
def test_rejects_bucket_names_that_s3_refuses(name: str) -> None:
    [line] = problems(bucket=BucketSettings(name=name))
    assert line.startswith(f"dev: bucket.name: {name!r}: must ")


@pytest.mark.parametrize("project", ["xn--a", "sthree", "sthree-x", "amzn-s3-demo", "amzn-s3-demo-x"])
def test_rejects_a_project_from_which_s3_would_get_a_name_that_it_reserves(project: str) -> None:
    [line] = problems(project=project)
    assert line.startswith(
        f"dev: project: {project!r}: must be another, or bucket.name given: the bucket's name, "
        f"{project}-dev-sagemaker-<account>-us-east-1, must not begin with "
    )
    assert problems(project=project, bucket=BucketSettings(name="acme-data")) == []


@pytest.mark.parametrize(("project", "sound"), [("sg", False), ("sg-1", False), ("sgx", True), ("aws", True)])
def test_rejects_a_project_from_which_security_groups_would_look_like_ids(project: str, sound: bool) -> None:
    found = problems(project=project, network=NewNetworkSettings())
    assert (found == []) is sound
    assert sound or "a security group's name, sg-" in found[0]
    assert problems(project=project) == []


def test_rejects_names_from_which_no_bucket_name_can_be_made() -> None:
    longest = "p" * (63 - len("-dev-sagemaker-111111111111-us-east-1"))
    assert problems(project=longest, trainings=[]) == []
    [line] = problems(project=longest + "p", trainings=[])
    assert "would have 64 characters: must be at most 63" in line
    assert problems(project=longest + "p", bucket=BucketSettings(name="acme-data"), trainings=[]) == []


def test_rejects_names_from_which_no_role_name_can_be_made() -> None:
    others: dict[str, Any] = {"bucket": BucketSettings(name="acme-data"), "trainings": []}
    longest = "p" * (64 - len("-dev-sagemaker-notebook"))
    assert problems(project=longest, **others) == []
    assert "has 65 characters: must be at most 64" in problems(project=longest + "p", **others)[0]


def test_rejects_an_endpoint_name_that_leaves_no_room_for_its_configurations() -> None:
    assert serverless(name="e" * 36) == []
    assert "must be at most 36" in serverless(name="e" * 37)[0]
    assert serverless(name="e" * 25, name_carries_hosting=True) == []
    assert "must be at most 36" in serverless(name="e" * 26, name_carries_hosting=True)[0]
    too_long = [ServerlessEndpointSettings(name="e" * 33)]
    assert "must be at most 36" in problems(endpoints=too_long, shares_account=True)[0]


@pytest.mark.parametrize("name", ["a", "a-b", "a1"])
def test_accepts_sagemaker_names(name: str) -> None:
    assert serverless(name=name) == []


@pytest.mark.parametrize("name", ["", "-a", "a-", "a_b", "a b", "é"])
def test_rejects_names_that_sagemaker_refuses(name: str) -> None:
    assert serverless(name=name)[0].startswith(f"dev: endpoints.0.name: {name!r}: must ")


@pytest.mark.parametrize(("days", "sound"), [(1, True), (2, False), (30, True), (31, False), (3653, True), (0, False)])
def test_retention_is_one_of_the_days_that_cloudwatch_knows(days: int, sound: bool) -> None:
    assert (problems(logs=LogSettings(retention_days=days)) == []) is sound  # type: ignore[arg-type]


def test_a_misspelt_field_is_not_told_by_what_its_default_would_break() -> None:
    [line] = problems(protectd=False, protected=True, bucket=BucketSettings(force_destroy=True))
    assert line.startswith("dev: protectd: False: unknown field: ")


def test_retention_has_no_other_days_than_cloudwatchs() -> None:
    assert set(get_args(get_args(RetentionDays)[0])) == {
        *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545),
        *(731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
    }


MISSPELT_TYPES = {
    "ml.t2.medum": "ml.t2.medium",
    "ml.t2.medium ": "ml.t2.medium",
    "ml.t2.medium\n": "ml.t2.medium",
    "ML.T2.MEDIUM": "ml.t2.medium",
    "m5.xlarge": "ml.m5.xlarge",
    "ml.c5.18xlargee": "ml.c5.18xlarge",
}


@pytest.mark.parametrize("kind", ["notebook", "endpoint"])
@pytest.mark.parametrize("instance_type", [*MISSPELT_TYPES, "", "ml", "ml.t3", "ml.?", "\x00" * 9])
def test_rejects_an_instance_type_that_sagemaker_does_not_have_and_names_the_nearest(
    kind: str, instance_type: str
) -> None:
    if kind == "notebook":
        [line] = problems(notebook=NotebookSettings(instance_type=instance_type))
        expected = f"dev: notebook.instance_type: {instance_type!r}: must be an instance type of SageMaker's notebook"
    else:
        [line] = provisioned(instance_type=instance_type)
        expected = "dev: endpoints.0.production.instance_type: "
        expected += f"{instance_type!r}: must be an instance type that SageMaker hosts models on"
    assert line.startswith(expected)
    assert (f"(did you mean {MISSPELT_TYPES.get(instance_type)}?)" in line) is (instance_type in MISSPELT_TYPES)
    assert "(AWS limit: https://docs.aws.amazon.com/sagemaker/" in line


@pytest.mark.parametrize(
    ("instance_type", "hosts", "has_notebooks"),
    [
        ("ml.t3.medium", False, True),
        ("ml.c7g.large", True, False),
        ("ml.m5.large", True, False),
        ("ml.m5.xlarge", True, True),
    ],
)
def test_endpoints_and_notebooks_have_types_of_their_own(instance_type: str, hosts: bool, has_notebooks: bool) -> None:
    assert (provisioned(instance_type=instance_type) == []) is hosts
    assert (problems(notebook=NotebookSettings(instance_type=instance_type)) == []) is has_notebooks


@pytest.mark.parametrize(("size", "sound"), [(4, False), (5, True), (16384, True), (16385, False)])
def test_a_notebook_volume_has_5_to_16384_gb(size: int, sound: bool) -> None:
    assert (problems(notebook=NotebookSettings(volume_size_gb=size)) == []) is sound


@pytest.mark.parametrize(("minutes", "sound"), [(9, False), (10, True), (525_600, True), (525_601, False)])
def test_a_notebook_stops_after_10_to_525600_idle_minutes(minutes: int, sound: bool) -> None:
    """The latter is a year, as in Studio: shape IdleTimeoutInMinutes of AWS's own model."""
    found = problems(notebook=NotebookSettings(idle_stop_minutes=minutes))
    assert (found == []) is sound
    assert "AWS limit" not in "".join(found)  # it is the project's


REPOSITORY = "https://github.com/acme/notebooks.git"


@pytest.mark.parametrize(
    ("network", "sound"),
    [
        (None, True),
        (NewNetworkSettings(), False),
        (ExistingNetworkSettings(subnet_ids=["subnet-01234567"], security_group_ids=["sg-01234567"]), True),
    ],
)
def test_rejects_git_repositories_where_there_is_no_way_to_the_internet(
    network: NetworkSettings | None, sound: bool
) -> None:
    found = problems(network=network, notebook=NotebookSettings(git_repositories=[REPOSITORY]))
    assert (found == []) is sound
    assert sound or f"dev: notebook.git_repositories: ['{REPOSITORY}']: must be left out where network is" in found[0]
    assert problems(network=network, notebook=NotebookSettings()) == []


@pytest.mark.parametrize(("count", "sound"), [(4, True), (5, False)])
def test_a_notebook_has_4_git_repositories_at_most(count: int, sound: bool) -> None:
    names = [f"repository-{number}" for number in range(count)]
    assert (problems(notebook=NotebookSettings(git_repositories=names)) == []) is sound


def test_rejects_a_git_repository_that_stands_twice() -> None:
    assert problems(notebook=NotebookSettings(git_repositories=["a", "a"])) == [
        "dev: notebook.git_repositories: must differ"
    ]


@pytest.mark.parametrize("credentials", ["jane", "jane:s3cret", "x-access-token:s3cret@"])
def test_rejects_credentials_of_a_git_repository_and_does_not_show_them(credentials: str) -> None:
    url = f"https://{credentials}@github.com/acme/notebooks.git"
    [line] = problems(notebook=NotebookSettings(git_repositories=[REPOSITORY, url]))
    assert line.startswith(
        "dev: notebook.git_repositories.1: 'https://***@github.com/acme/notebooks.git': must have no user and no "
        "password before github.com: "
    )
    assert "jane" not in line
    assert "s3cret" not in line


LOGIN = f"x:{'s3cret'}@"  # in parts, so that nothing looks for it in this file


@pytest.mark.parametrize(
    "repositories",
    [
        *([f"{scheme}{LOGIN}h/r"] for scheme in ("http://", "ssh://", "HTTPS://", "https//")),
        ["https://h?token=s3cret"],
        ["h_s3cret"],
        f"https://{LOGIN}h/r",
        [f"https://{LOGIN}h/r"] * 2,
        [f"https://{LOGIN}h/r"] * 5,
        [b"s3cret"],
    ],
    ids=str,
)
def test_no_git_repository_that_is_refused_is_shown(repositories: Any) -> None:
    lines = problems(notebook=NotebookSettings(git_repositories=repositories))
    assert lines
    assert all(line.startswith("dev: notebook.git_repositories") for line in lines)
    assert "s3cret" not in str(lines)


@pytest.mark.parametrize("secret", ["?token=s3cret", "#s3cret"])
def test_rejects_what_a_git_repository_is_not_asked_by_and_does_not_show_it(secret: str) -> None:
    [line] = problems(notebook=NotebookSettings(git_repositories=[f"{REPOSITORY}{secret}"]))
    assert line.startswith(f"dev: notebook.git_repositories.0: '{REPOSITORY}***': must have no ? and no #")
    assert "s3cret" not in line


@pytest.mark.parametrize("platform", ["notebook-al2-v3", "notebook-al2023-v2", ""])
def test_rejects_a_platform_that_has_ended_or_that_the_provider_does_not_take(platform: Any) -> None:
    [line] = problems(notebook=NotebookSettings(platform=platform))
    assert line.startswith(f"dev: notebook.platform: {platform!r}: must be one of 'notebook-al2023-v1'")


@pytest.mark.parametrize("key", ["Project", "environment", "OWNER", "VolumeSizeGb"])
def test_rejects_a_tag_that_the_platform_sets_itself(key: str) -> None:
    assert problems(notebook=NotebookSettings(tags={key: "a"})) == [
        f"dev: notebook.tags: {key!r}: must not be one of Project, Environment, Owner, VolumeSizeGb, which the "
        "platform sets"
    ]


@pytest.mark.parametrize("key", ["", "a;b", "a\n", "a" * 129, "aws:a", "AWS:a", "__proto__"])
def test_rejects_a_key_that_no_tag_can_have(key: str) -> None:
    [line] = problems(notebook=NotebookSettings(tags={key: "a"}))
    assert ": must " in line


@pytest.mark.parametrize(("count", "sound"), [(46, True), (47, False)])
def test_a_notebook_has_50_tags_at_most_with_the_platforms(count: int, sound: bool) -> None:
    tags = {f"key-{number}": "a" for number in range(count)}
    found = problems(notebook=NotebookSettings(tags=tags))
    assert (found == []) is sound
    assert sound or "dev: notebook.tags: must have at most 46 items" in found[0]
    assert len(NOTEBOOK_TAGS) + 46 == shape("sagemaker", "TagList").metadata["max"]


ON_INSTANCES = [ProvisionedEndpointSettings(production=VariantSettings())]


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_that_has_sagemaker_and_its_images_is_accepted(region: str) -> None:
    assert problems(region=region, endpoints=ON_INSTANCES) == []


@pytest.mark.parametrize(
    "region",
    [
        "",
        "eu-west",
        "us-west-9",
        "mx-central-1",
        "us-iso-east-1",
        "us-iso-west-1",
        "eusc-de-east-1",
        "us-east-1a",
        "\n",
    ],
)
def test_rejects_a_region_that_does_not_exist_or_lacks_sagemaker_or_its_images(region: str) -> None:
    [line] = problems(region=region)
    assert line.startswith(
        (
            f"dev: region: {region!r}: must be one of af-south-1, ",
            f"dev: region: {region!r}: must be one of SageMaker's {len(REGIONS)} regions (did you mean ",
        )
    )


@pytest.mark.parametrize(
    ("region", "meant"), [("EU-WEST-1", "eu-west-1"), ("us-east1", "us-east-1"), ("eu-central1", "eu-central-1")]
)
def test_a_misspelt_region_gets_the_nearest(region: str, meant: str) -> None:
    [line] = problems(region=region)
    assert f" (did you mean {meant}?) (AWS limit: " in line


@pytest.mark.parametrize("region", sorted({*REGIONS} - {*SERVERLESS_REGIONS}))
def test_rejects_a_serverless_endpoint_where_sagemaker_has_none(region: str) -> None:
    [line] = problems(region=region, endpoints=[*ON_INSTANCES, ServerlessEndpointSettings(name="lazy")])
    assert line.startswith(f"dev: region: {region!r}: must be one of af-south-1, ap-east-1, ")
    assert ", us-west-2 for the serverless endpoint lazy (AWS limit: " in line


def test_serverless_endpoints_are_in_21_regions() -> None:
    """Counted on the page: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html"""
    assert len({*SERVERLESS_REGIONS} & {*REGIONS}) == len(SERVERLESS_REGIONS) == 21
    assert not {"us-gov-west-1", "eu-central-2", "il-central-1", "ap-southeast-3"} & {*SERVERLESS_REGIONS}


@pytest.mark.parametrize(
    ("repository", "region", "sound"),
    [
        ("linear-learner", "us-gov-east-1", True),
        ("lda", "eu-west-1", True),
        ("lda", "eu-west-3", False),
        ("sagemaker-geospatial-v1-0", "us-west-2", True),
        ("sagemaker-geospatial-v1-0", "us-east-1", False),
    ],
)
def test_a_training_image_is_one_that_the_region_has(repository: str, region: str, sound: bool) -> None:
    found = problems(region=region, training_image_repositories=["kmeans", repository], endpoints=ON_INSTANCES)
    assert (found == []) is sound
    assert sound or found[0].startswith(
        f"dev: training_image_repositories.1: {repository!r}: must be an image repository that {region} has; "
        f"{repository} is in "
    )


@pytest.mark.parametrize(
    ("repository", "meant"),
    [("linear-lerner", "linear-learner"), ("Sagemaker-XGBoost", "sagemaker-xgboost"), ("a//b", ""), ("my-image", "")],
)
def test_rejects_an_image_repository_that_terraforms_provider_does_not_know(repository: str, meant: str) -> None:
    [line] = problems(training_image_repositories=[repository])
    shown = f" (did you mean {meant}?)" if meant else ""
    assert (
        f"0: {repository!r}: must be one of AWS's image repositories, as Terraform's provider knows them{shown}" in line
    )


@pytest.mark.parametrize(
    ("region", "letters"),
    [
        ("us-east-1", "abcdef"),
        ("us-west-2", "abcd"),
        ("ap-northeast-1", "acd"),
        ("us-west-1", "abc"),
        ("eu-west-1", "abc"),
    ],
)
def test_a_zone_has_a_letter_that_the_region_has(region: str, letters: str) -> None:
    network = NewNetworkSettings(zones=list(letters))  # type: ignore[arg-type]
    assert problems(region=region, network=network) == []
    network = NewNetworkSettings(zones=["a", "f" if region != "us-east-1" else "g"])  # type: ignore[list-item]
    [line] = problems(region=region, network=network)
    assert line.startswith("dev: network.zones.1: ")
    assert "must be one of " in line


@pytest.mark.parametrize(("owns", "sound"), [(True, True), (False, False)])
def test_log_groups_that_are_not_the_environments_cannot_be_kept(owns: bool, sound: bool) -> None:
    logs = LogSettings(owns_account_wide=owns, keeps_account_wide=True)
    found = problems(logs=logs)
    assert (found == []) is sound
    assert sound or "logs.keeps_account_wide: True: must be False where owns_account_wide is False" in found[0]


@pytest.mark.parametrize("weight", [1e-50, 5e-324])
def test_rejects_a_weight_that_32_bits_would_make_0(weight: float) -> None:
    [problem] = provisioned(weight=weight)
    assert "must be 0, or from 1e-45, the least that 32 bits hold" in problem


def test_chinas_regions_are_refused_with_the_reason() -> None:
    [problem] = problems(region="cn-north-1")
    assert "must not be one of AWS's regions in China, where VPC endpoints and services have other names" in str(
        problem
    )


@pytest.mark.parametrize(
    ("account_id", "sound"), [("123456789012", True), ("12345678901", False), ("1234567890123", False), ("", False)]
)
def test_an_account_id_has_12_digits(account_id: str, sound: bool) -> None:
    assert (problems(account_id=account_id) == []) is sound


@pytest.mark.parametrize(
    ("owner", "sound"),
    [
        ("Zoë @ team-1", True),
        ("o" * 256, True),
        ("o" * 257, False),
        ("", False),
        ("a;b", False),
        ("aws:x", False),
        ("AWS:x", False),
        ("aws", True),
        ("x aws:", True),
    ],
)
def test_an_owner_is_a_tag_value_that_aws_takes(owner: str, sound: bool) -> None:
    assert (problems(owner=owner) == []) is sound


@pytest.mark.parametrize("field", ["noncurrent_version_days", "incomplete_upload_days"])
@pytest.mark.parametrize(("days", "sound"), [(0, False), (1, True)])
def test_objects_expire_after_a_day_at_the_earliest(field: str, days: int, sound: bool) -> None:
    assert (problems(bucket=BucketSettings(**{field: days})) == []) is sound  # type: ignore[arg-type]


@pytest.mark.parametrize(("value", "sound"), [(0, False), (1, True), (200, True), (201, False)])
def test_provisioned_concurrency_is_1_to_200(value: int, sound: bool) -> None:
    assert (serverless(max_concurrency=200, provisioned_concurrency=value) == []) is sound


@pytest.mark.parametrize(
    ("production", "shadow"), [("ml.inf1.xlarge", "ml.m5.large"), ("ml.m5.large", "ml.inf1.xlarge")]
)
def test_rejects_inferentia_beside_a_shadow(production: str, shadow: str) -> None:
    [line] = problems(
        endpoints=[
            ShadowedEndpointSettings(
                production=VariantSettings(instance_type=production), shadow=VariantSettings(instance_type=shadow)
            )
        ]
    )
    field = "production" if production == "ml.inf1.xlarge" else "shadow"
    assert line.startswith(
        f"dev: endpoints.0.{field}.instance_type: 'ml.inf1.xlarge': "
        "must not be of the family inf1 where there is a shadow"
    )


def test_every_rule_that_crosses_fields_is_told_at_once() -> None:
    found = problems(project="p" * 63, endpoints=[ServerlessEndpointSettings(name="e" * 40)])
    project = f"dev: project: {'p' * 63!r}: must be shorter"
    assert [re.split(": the |: a |: its ", line)[0] for line in found] == [
        f"{project}, or bucket.name given",
        project,
        f"dev: endpoints.0.name: {'e' * 40!r}: must be shorter",
        "dev: trainings.0.name: 'breast-cancer': must be shorter, or project",
    ]


def test_rules_that_cross_fields_are_asked_beside_a_field_that_is_unsound() -> None:
    found = problems(
        owner="a;b",
        region="mars",
        encryption_key=None,
        network=ExistingNetworkSettings(subnet_ids=["subnet-01234567"] * 2, security_group_ids=["default"]),
        endpoints=[
            ServerlessEndpointSettings(memory_size_mb=1, max_concurrency=1, provisioned_concurrency=2),  # type: ignore[arg-type]
            ProvisionedEndpointSettings(name="?", production=VariantSettings(weight=0)),
        ],
    )
    assert sorted(line.split(": ")[1] for line in found) == [
        "encryption_key",
        "endpoints.0.memory_size_mb",
        "endpoints.0.provisioned_concurrency",
        "endpoints.1.name",
        "endpoints.1.production.weight",
        "network.security_group_ids.0",
        "network.subnet_ids",
        "owner",
        "region",
    ]


def test_an_error_in_a_rule_itself_is_not_taken_for_a_missing_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BucketSettings, "rules", lambda self: (self.differ("nmae"),))
    with pytest.raises(AttributeError, match="nmae"):
        problems()


def test_accepts_inferentia_without_a_shadow() -> None:
    assert provisioned(instance_type="ml.inf1.xlarge") == []


def test_rejects_training_without_an_image() -> None:
    [line] = problems(training_image_repositories=[])
    assert line.startswith("dev: training_image_repositories: []: ")
    assert "at least 1 item" in line


@pytest.mark.parametrize(("repository", "sound"), [("a", False), ("linear-learner", True), ("Linear", False)])
def test_a_training_image_is_one_of_awss(repository: str, sound: bool) -> None:
    assert (problems(training_image_repositories=[repository]) == []) is sound


@pytest.mark.parametrize(("count", "is_sound"), [(0, True), (20, True), (21, False)])
def test_rejects_more_trainings_than_the_policy_of_their_pipelines_has_room_for(count: int, is_sound: bool) -> None:
    trainings = [script_training(name=f"t{number}") for number in range(count)]
    assert (problems(trainings=trainings) == []) is is_sound


def test_settings_cannot_be_changed_behind_the_checks() -> None:
    settings = EnvironmentSettings(
        name="dev", region="us-east-1", protected=False, endpoints=[ServerlessEndpointSettings()]
    ).checked()
    with pytest.raises(ValidationError, match="frozen"):
        settings.region = "eu-west-1"


@pytest.mark.parametrize(("days", "sound"), [(6, False), (7, True), (30, True), (31, False)])
def test_a_keys_deletion_window_is_7_to_30_days(days: int, sound: bool) -> None:
    assert (problems(encryption_key=EncryptionKeySettings(deletion_window_days=days)) == []) is sound


OTHER_FORMS = (
    "10.0.0.1/20", "10.0.0.0/255.255.240.0", "10.0.0.0/0.0.15.255", "10.0.0.0", "10.0.0/20", "10/16", "10.0.0.*",
    "10.0.0.0/020", "010.0.0.0/20", "0x0a.0.0.0/20", " 10.0.0.0/20", "10.0.0.0/20 ", "10.0.0.0 /20", "10.0.0.0/20\n",
    "", "/20", "10.0.0.0/33", "::/64", "fd00::/20", "::ffff:10.0.0.0/112", "10.0.0.0-10.0.15.255", "²10.0.0.0/20",
)  # fmt: skip
# Of others, of documents, of the machine itself, or of SageMaker's notebooks.
OTHERS = (
    "8.8.0.0/16", "172.32.0.0/16", "192.169.0.0/16", "100.128.0.0/16", "11.0.0.0/16", "0.0.0.0/16", "127.0.0.0/16",
    "169.254.0.0/16", "192.0.2.0/24", "192.0.0.0/24", "198.18.0.0/16", "198.19.0.0/16", "203.0.113.0/24",
    "224.0.0.0/16", "240.0.0.0/16", "172.17.0.0/16", "172.17.16.0/20", "172.17.255.0/24",
)  # fmt: skip


@pytest.mark.parametrize(
    "cidr_block", ["10.0.0.0/16", "192.168.4.0/24", "172.16.0.0/16", "172.18.0.0/20", "100.64.0.0/16"]
)
def test_a_networks_addresses_are_private_and_of_a_size_that_subnets_fit_into(cidr_block: str) -> None:
    assert problems(network=NewNetworkSettings(cidr_block=cidr_block)) == []


@pytest.mark.parametrize("cidr_block", [*OTHER_FORMS, *OTHERS, "10.0.0.0/15", "10.0.0.0/0", "192.168.4.0/25"])
def test_rejects_addresses_of_another_form_size_or_purpose(cidr_block: str) -> None:
    [line] = problems(network=NewNetworkSettings(cidr_block=cidr_block))
    assert line.startswith(f"dev: network.cidr_block: {cidr_block!r}: must be ")


def test_rejects_a_network_in_another_form_and_shows_the_right_one() -> None:
    for cidr_block in ("10.0.0.1/20", "10.0.0.0/255.255.240.0"):
        [line] = problems(network=NewNetworkSettings(cidr_block=cidr_block))
        assert "the length of its prefix, say 10.0.0.0/20 (AWS limit: " in line


@pytest.mark.parametrize(
    ("zones", "sound"),
    [("ab", True), ("abcdef", True), ("a", False), ("ag", False), ("aa", False), (("a", "us-east-1b"), False)],
)
def test_a_network_is_in_two_to_six_different_zones(zones: str, sound: bool) -> None:
    assert (problems(network=NewNetworkSettings(zones=tuple(zones))) == []) is sound  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("subnets", "groups", "sound"),
    [
        (["subnet-01234567"], ["sg-0123456789abcdef0"], True),
        ([f"subnet-0123456{n:x}" for n in range(16)], [f"sg-0123456{n}" for n in range(5)], True),
        ([f"subnet-012345{n:02x}" for n in range(17)], ["sg-01234567"], False),
        (["subnet-01234567"], [f"sg-0123456{n}" for n in range(6)], False),
        (["subnet-01234567", "subnet-89abcdef", "subnet-01234567"], ["sg-01234567"], False),
        (["subnet-01234567"], ["sg-01234567", "sg-01234567"], False),
        ([], ["sg-01234567"], False),
        (["subnet-01234567"], [], False),
        (["subnet-1"], ["sg-01234567"], False),
        (["subnet-01234567"], ["default"], False),
    ],
)
def test_an_existing_network_is_named_by_ids(subnets: list[str], groups: list[str], sound: bool) -> None:
    found = problems(network=ExistingNetworkSettings(subnet_ids=subnets, security_group_ids=groups))
    assert (found == []) is sound


@pytest.mark.parametrize("value", ["vpc-1", 5, {"cidr_block": "10.0.0.0/20"}])
def test_rejects_a_network_that_is_none_of_the_two_kinds(value: object) -> None:
    [line] = problems(network=value)
    assert line.endswith("must be NewNetworkSettings(...) or ExistingNetworkSettings(...)")


def test_rejects_what_weakens_a_protected_environment_each_by_its_name() -> None:
    weak = {"bucket": BucketSettings(force_destroy=True), "encryption_key": None, "sagemaker_full_access": True}
    assert problems(**weak, local_state=False) == [
        "dev: bucket.force_destroy: True: must be False where protected is True",
        "dev: encryption_key: None: must be given where protected is True",
        "dev: sagemaker_full_access: True: must be False where protected is True",
        "dev: state_bucket: None: must be given where protected is True, unless local_state=True says otherwise",
    ]
    assert problems(**weak, local_state=False, protected=False) == []


@pytest.mark.parametrize("field", ["protected", "limit_trust_to_account", "local_state", "sagemaker_full_access"])
@pytest.mark.parametrize("value", [1, "yes", None])
def test_rejects_what_is_neither_true_nor_false(field: str, value: object) -> None:
    [line] = [problem for problem in problems(**{field: value}) if problem.startswith(f"dev: {field}: ")]
    assert f"{field}: {value!r}: must " in line


def test_a_serverless_endpoint_has_no_field_for_a_network() -> None:
    [line] = serverless(network=NewNetworkSettings())
    assert "endpoints.0.network: " in line
    assert "unknown field" in line


@pytest.mark.parametrize(
    ("instance_type", "found"),
    [
        ("ml.m5.large", False),
        ("ml.m5d.large", True),
        ("ml.r5dn.xlarge", True),
        ("ml.c6gd.large", True),
        ("ml.c6i.large", False),
        ("ml.g4dn.xlarge", True),
        ("ml.g5.xlarge", True),
        ("ml.g6e.xlarge", True),
        ("ml.p4de.24xlarge", True),
        ("ml.p5en.48xlarge", True),
        ("ml.p6-b200.48xlarge", True),
        ("ml.trn1n.32xlarge", True),
        ("ml.g7e.2xlarge", True),
        ("ml.dl1.24xlarge", True),
        ("ml.inf2.xlarge", False),
        ("ml.t2.medium", False),
        ("ml.5.large", False),
    ],
)
def test_instances_with_disks_of_their_own_are_known_by_their_names(instance_type: str, found: bool) -> None:
    assert has_instance_storage(instance_type) is found


@pytest.mark.parametrize(
    "value", ["a'; touch pwned; '", "$(touch pwned)", "`touch pwned`", "a|b", "a&b", "${x}", "a\nb"]
)
def test_rejects_names_that_a_shell_would_run(value: str) -> None:
    """These go into the lifecycle scripts or into commands that a person is told to type."""
    assert problems(bucket=BucketSettings(name=value))[0].startswith(f"dev: bucket.name: {value!r}: must ")
    assert serverless(name=value)[0].startswith(f"dev: endpoints.0.name: {value!r}: must ")
    for field in ("project", "name", "region", "state_bucket", "account_id"):
        assert f"dev: {field}: {value!r}: must " in "\n".join(problems(**{field: value}))


@pytest.mark.parametrize(
    ("instance_type", "burstable"),
    [
        ("ml.t2.medium", True),
        ("ml.t3.large", True),
        ("ml.t4g.large", True),
        ("ml.trn1.2xlarge", False),
        ("ml.trn2.3xlarge", False),
    ],
)
def test_only_the_series_t_is_burstable(instance_type: str, burstable: bool) -> None:
    assert is_burstable(instance_type) is burstable


def test_trainium_scales() -> None:
    scaling = InstanceScalingSettings(max_instance_count=2, invocations_per_instance=1)
    assert provisioned(instance_type="ml.trn1.2xlarge", scaling=scaling) == []


@pytest.mark.parametrize("days", [True, 1.0, 365.0, float("nan"), float("inf")])
def test_rejects_a_number_that_is_only_equal_to_a_whole_one(days: object) -> None:
    [line] = problems(logs=LogSettings(retention_days=days))  # type: ignore[arg-type]
    assert line.startswith(f"dev: logs.retention_days: {days!r}: must be a whole number, without a point")


@pytest.mark.parametrize(
    "email",
    [
        "ml-team@example.com", "a.b+c@mail.example.co", "1@2.example", "a_b%c@xn--bcher-kva.example", "a@3com.co2",
        f"{'a' * 64}@example.com", f"a@{'b' * 63}.com", f"a@{'b.' * 124}com",
        "o'brien@example.com", "a&b@example.com", "a=b/c@example.com", "!#$%&'*+-/=?^_`|~@example.com",
    ],
)  # fmt: skip
def test_alarms_go_to_e_mail_addresses(email: str) -> None:
    assert problems(alarm_emails=[email]) == []


@pytest.mark.parametrize(
    "email",
    [
        ".a@example.com", "a.@example.com", "a..b@example.com", "@example.com", f"{'a' * 65}@example.com",
        "a b@example.com", "a<b>@example.com",
        "a{b@example.com", "${x}@example.com", "a(b@example.com", "a\\b@example.com",
        "a", "", "a@", "a@example", "a@-example.com", "a@example-.com",
        "a@example.-com", "a@example.com-", "a@example..com", "a@.example.com", "a@example.com.", "a@example.123",
        "a@10.0.0.1", f"a@{'b' * 64}.com", f"a@{'b.' * 125}com", "a@b@example.com", "a@example.com\n",
        "a@exam ple.com", "a@exämple.com", "a@example.com,b@example.com",
    ],
)  # fmt: skip
def test_rejects_what_is_no_e_mail_address(email: str) -> None:
    [line] = problems(alarm_emails=[email])
    assert line.startswith(f"dev: alarm_emails.0: {email!r}: must have ")


NO_LISTS = ("a", b"a", bytearray(b"a"), {"a": 1}, {"a"}, frozenset("a"), range(2), iter("a"), {"a": 1}.keys(), 5, None)


@pytest.mark.parametrize("value", NO_LISTS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("field", ["endpoints", "training_image_repositories", "alarm_emails"])
def test_rejects_what_is_no_list_in_one_line(field: str, value: object) -> None:
    [line] = problems(**{field: value})
    assert line.startswith(f"dev: {field}: ")
    assert "must be a list" in line.replace("a valid list", "a list")
