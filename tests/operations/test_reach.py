"""The credentials of commands that work with several environments."""

from pathlib import Path
from typing import Any

import boto3
import pytest

from operations.reach import refuse_elsewhere, session_for, variables_for
from stacks.synthesized_stack import OperationError
from tests.support.played import ACCOUNT, Answers, Played, refusal
from tests.support.synthesis import environment

KEYS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
    "AWS_DEFAULT_PROFILE": "mine",
}
PROFILES = {f"ML_PLATFORM_{name}_PROFILE": f"acme-{name.lower()}" for name in ("DEV", "STAGING")}
SOURCED = {
    "LOCAL_AWS_ENVIRONMENT": "dev",
    "ENV": "dev",
    "CDKTF_OUTPUT": "/a project/.local/dev/cdktf.out",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


def test_without_a_profile_a_process_has_the_shells_own_variables() -> None:
    shell = {**KEYS, "PATH": "/bin", "ENV": "prod"}
    assert variables_for(environment("dev"), shell) == shell
    assert variables_for(environment("prod"), shell | PROFILES) == shell | PROFILES


def test_a_profile_takes_the_place_of_all_that_comes_before_it() -> None:
    found = variables_for(environment("dev"), {**KEYS, **PROFILES, "AWS_PROFILE": "mine", "PATH": "/bin"})
    assert found == {**PROFILES, "AWS_PROFILE": "acme-dev", "PATH": "/bin"}


def test_in_a_sourced_shell_another_environments_process_is_as_if_that_one_were_sourced() -> None:
    shell = {**KEYS, **SOURCED, **PROFILES}
    assert variables_for(environment("dev"), shell) == {**SOURCED, **PROFILES, "AWS_PROFILE": "acme-dev"}
    assert variables_for(environment("staging", region="eu-west-3"), shell) == PROFILES | {
        "LOCAL_AWS_ENVIRONMENT": "staging",
        "ENV": "staging",
        "CDKTF_OUTPUT": "/a project/.local/staging/cdktf.out",
        "AWS_REGION": "eu-west-3",
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_PROFILE": "acme-staging",
    }
    del shell["CDKTF_OUTPUT"]
    assert "CDKTF_OUTPUT" not in variables_for(environment("staging"), shell)


def test_a_session_has_the_profiles_credentials_though_the_shell_has_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kept").write_text("[acme-dev]\naws_access_key_id = dev's\naws_secret_access_key = secret\n")
    kept = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "kept")}
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)

    def access_key(name: str) -> str:
        session = session_for(environment(name, region="eu-west-3"), PROFILES | kept)
        assert session.region_name == "eu-west-3"
        found: Any = session.get_credentials()
        return str(found.access_key)

    assert access_key("dev") == "dev's"
    monkeypatch.delenv("AWS_DEFAULT_PROFILE")
    monkeypatch.delenv("AWS_WEB_IDENTITY_TOKEN_FILE")
    assert access_key("prod") == "key"
    with pytest.raises(OperationError) as raised:
        session_for(environment("staging"), PROFILES | kept)
    assert str(raised.value) == "ML_PLATFORM_STAGING_PROFILE: 'acme-staging': must be one of acme-dev"
    with pytest.raises(OperationError, match=r"'acme-dev': must be a profile of AWS's configuration, which has none$"):
        session_for(environment("dev"), PROFILES)


def there(**answers: Answers) -> Any:
    """A session whose credentials lead to ACCOUNT."""
    identity = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ann"}
    return Played(sts={"GetCallerIdentity": lambda: identity}, **answers)


def test_rejects_credentials_of_another_account_than_the_settings() -> None:
    refuse_elsewhere(environment("dev", account_id=ACCOUNT), there())
    with pytest.raises(OperationError) as raised:
        refuse_elsewhere(environment("prod", account_id="999999999999"), there())
    assert str(raised.value) == (
        f"these credentials lead to account {ACCOUNT}, and its account_id is 999999999999: ML_PLATFORM_PROD_PROFILE "
        "must name the AWS profile that leads to the account of prod"
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("404", "so it is not deployed there: make deploy ENV=dev; or where it is in another account: "),
        ("403", "is another account's than 111111111111, to which these credentials lead, or they lack s3:ListBucket"),
    ],
)
def test_without_an_account_id_the_data_bucket_says_whether_the_environment_is_there(code: str, said: str) -> None:
    asked = []

    def head(**parameters: str) -> dict[str, Any]:
        asked.append(parameters)
        return {}

    refuse_elsewhere(environment("dev"), there(s3={"HeadBucket": head}))
    assert asked == [{"Bucket": f"ml-platform-dev-sagemaker-{ACCOUNT}-us-east-1", "ExpectedBucketOwner": ACCOUNT}]

    def refused(**_: str) -> dict[str, Any]:
        raise refusal(code)

    with pytest.raises(OperationError) as raised:
        refuse_elsewhere(environment("dev"), there(s3={"HeadBucket": refused}))
    assert said in str(raised.value)
    assert "ML_PLATFORM_DEV_PROFILE must name the AWS profile" in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_without_credentials_it_says_so_as_every_operation_does() -> None:
    nobody = boto3.Session(region_name="us-east-1")
    with pytest.raises(OperationError, match=r"^no credentials that AWS takes, nothing was changed: "):
        refuse_elsewhere(environment("dev"), nobody)
