"""How one command works with several environments, each in an account of its own perhaps: with credentials for each.

`ML_PLATFORM_<ENVIRONMENT>_PROFILE` names the AWS profile that leads to that one; without it, the credentials are the
shell's own. A shell that has sourced `.local/<environment>.env` has one for each environment of the local AWS.
"""

from collections.abc import Mapping

import boto3
import botocore.session
from botocore.exceptions import ClientError, ProfileNotFound

from operations.caller import caller_of
from operations.profile import with_profile
from settings.operator_variables import PROFILE, variable
from settings.suggestions import one_of
from stacks.environments import Environment
from stacks.sourced_shell import ENVIRONMENT_VARIABLE, OUTPUT_VARIABLE, output_of
from stacks.synthesized_stack import OperationError

# Where profiles are kept, by botocore's names for it.
FILES = {"config_file": "AWS_CONFIG_FILE", "credentials_file": "AWS_SHARED_CREDENTIALS_FILE"}


def variables_for(environment: Environment, variables: Mapping[str, str]) -> dict[str, str]:
    """Of a process that works with that environment, whichever one this shell has sourced."""
    name, region = environment.settings.name, environment.settings.region
    found = with_profile(name, variables)
    if variables.get(ENVIRONMENT_VARIABLE, name) != name:
        found |= {ENVIRONMENT_VARIABLE: name, "ENV": name, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        if OUTPUT_VARIABLE in variables:  # else the project's own, as a lab's process has it
            found[OUTPUT_VARIABLE] = output_of(name, variables)
    return found


def session_for(environment: Environment, variables: Mapping[str, str]) -> boto3.Session:
    """The same for this process, with its own credentials where no profile is named.

    Raises OperationError where there is no such profile.
    """
    name = variable(environment.settings.name, PROFILE)
    profile = variables.get(name)
    core = botocore.session.Session(profile=profile)
    for option, place in FILES.items():
        if place in variables:
            core.set_config_variable(option, variables[place])
    try:
        return boto3.Session(botocore_session=core, region_name=environment.settings.region)
    except ProfileNotFound as error:
        known = core.available_profiles
        allowed = one_of(str(profile), known) if known else "must be a profile of AWS's configuration, which has none"
        raise OperationError(f"{name}: {profile!r}: {allowed}") from error


def refuse_elsewhere(environment: Environment, session: boto3.Session) -> None:
    """Raises OperationError where the credentials lead to another account than the environment's.

    Environments may be called alike in their accounts: an endpoint `linear-learner` in each. Where the settings give no
    account_id, the data bucket, whose name is nobody else's, says whether the environment is there.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    """
    settings = environment.settings
    name, account_id = settings.name, caller_of(settings.name, session).account_id
    cure = f"{variable(name, PROFILE)} must name the AWS profile that leads to the account of {name}"
    if settings.account_id is not None:
        if account_id != settings.account_id:
            raise OperationError(
                f"these credentials lead to account {account_id}, and its account_id is {settings.account_id}: {cure}"
            )
        return
    bucket = settings.names.bucket(account_id)
    try:
        session.client("s3").head_bucket(Bucket=bucket, ExpectedBucketOwner=account_id)
    except ClientError as error:
        match error.response["Error"]["Code"]:
            case "404":
                raise OperationError(
                    f"account {account_id} has no bucket {bucket}, so it is not deployed there: make deploy "
                    f"ENV={name}; or where it is in another account: {cure}"
                ) from error
            case "403":
                raise OperationError(
                    f"the bucket {bucket} is another account's than {account_id}, to which these credentials lead, or "
                    f"they lack s3:ListBucket on it: {cure}, or account_id be given in stacks/{name}.py"
                ) from error
        raise
