"""Settings given by environment variables, as a pipeline gives them."""

import subprocess
import sys

import pytest

from operations.show_settings import lines
from settings.environment import EnvironmentSettings
from settings.problems import InvalidInputError
from stacks.environments import NAMES, ROOT, read_environments


def settings(name: str, **variables: str) -> EnvironmentSettings:
    return next(item.settings for item in read_environments(variables) if item.settings.name == name)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account_id", "123456789012"),
        ("owner", "risk team"),
        ("project", "churn"),
        ("region", "eu-west-1"),
        ("state_bucket", "acme-terraform-state"),
    ],
)
def test_a_variable_comes_before_the_environments_file(field: str, value: str) -> None:
    changed = settings("prod", **{f"ML_PLATFORM_PROD_{field.upper()}": value})
    assert getattr(changed, field) == value
    assert changed.model_copy(update={field: getattr(settings("prod"), field)}) == settings("prod")


def test_a_variable_of_one_environment_leaves_the_others_alone() -> None:
    assert settings("dev", ML_PLATFORM_PROD_REGION="eu-west-1") == settings("dev")


def test_a_variables_value_is_checked_by_the_same_rules() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_environments({"ML_PLATFORM_DEV_ACCOUNT_ID": "12"})
    [problem] = caught.value.problems
    assert str(problem).startswith("dev: account_id (ML_PLATFORM_DEV_ACCOUNT_ID): '12': must match ")


def test_rejects_a_variable_that_is_no_setting_and_suggests_one() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_environments({"ML_PLATFORM_DEV_REGOIN": "eu-west-1", "ML_PLATFORMS": "not ours"})
    assert [str(problem) for problem in caught.value.problems] == [
        "ML_PLATFORM_DEV_REGOIN: unknown variable: must be one of "
        "ML_PLATFORM_<DEV|STAGING|PROD>_<ACCOUNT_ID|OWNER|PROFILE|PROJECT|REGION|STATE_BUCKET> "
        "(did you mean ML_PLATFORM_DEV_REGION?)"
    ]


def test_rejects_a_profile_without_a_name() -> None:
    assert settings("dev", ML_PLATFORM_DEV_PROFILE="acme-dev") == settings("dev")
    with pytest.raises(InvalidInputError) as caught:
        read_environments({"ML_PLATFORM_DEV_PROFILE": ""})
    assert [str(problem) for problem in caught.value.problems] == [
        "ML_PLATFORM_DEV_PROFILE: '': must be the name of an AWS profile, or not be set"
    ]


def test_every_setting_is_shown_with_where_it_comes_from() -> None:
    shown = list(lines("dev", {"ML_PLATFORM_DEV_REGION": "eu-west-1"}))
    assert "region = 'eu-west-1'  (ML_PLATFORM_DEV_REGION)" in shown
    assert "bucket.force_destroy = True  (stacks/dev.py)" in shown
    assert "bucket.noncurrent_version_days = 90  (default)" in shown
    assert "logs.retention_days = 30  (default)" in shown
    assert "endpoints.0.kind = 'provisioned'  (default)" in shown
    assert "endpoints.0.production.instance_count = 1  (default)" in shown
    assert [line.split(" ")[0].split(".")[0] for line in shown] == sorted(
        (line.split(" ")[0].split(".")[0] for line in shown), key=list(EnvironmentSettings.model_fields).index
    )


def test_rejects_another_environment_in_one_line() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "operations.show_settings", "devv"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    allowed = f"must be one of {', '.join(NAMES)} (did you mean dev?)"
    assert (finished.returncode, finished.stderr) == (1, f"environment 'devv': {allowed}\n")
