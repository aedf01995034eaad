"""What a construct is given when its own test builds it alone: an account, names, a bucket, all of acme's prod."""

from typing import Any

from cdktf import TerraformStack

from constructs.account import Account
from constructs.log_storage import LogStorage
from constructs.network.network import Network
from constructs.network.placement import Placement
from constructs.notebook.notebook import Notebook
from constructs.storage.data_bucket import DataBucket
from settings.bucket import BucketSettings
from settings.endpoint import ServerlessEndpointSettings
from settings.environment import EnvironmentSettings
from settings.names import EndpointNames, Names
from settings.network import NetworkSettings
from settings.notebook_delivery import NotebookDeliverySettings

REGION = "eu-west-1"
KEY_ARN = f"arn:aws:kms:{REGION}:111111111111:key/1"
LOG_STORAGE = LogStorage(retention_days=30, key_arn=KEY_ARN, skip_destroy=False)
PLACEMENT = Placement(subnet_ids=["subnet-1", "subnet-2"], security_group_ids=["sg-1"], shared=False, vpc_id="vpc-1")


def names(**changes: Any) -> Names:
    """Of an environment with one endpoint, linear-learner."""
    values: dict[str, Any] = {
        "name": "prod",
        "region": REGION,
        "project": "acme",
        "local_state": True,
        "endpoints": [ServerlessEndpointSettings()],
    }
    return EnvironmentSettings(**values | changes).checked().names


def endpoint_names() -> EndpointNames:
    return names().endpoints["linear-learner"]


def account(stack: TerraformStack) -> Account:
    """The stack's one."""
    made = stack.node.try_find_child("(account)")
    return made if isinstance(made, Account) else Account(stack, "(account)", region=REGION)


def bucket(stack: TerraformStack) -> DataBucket:
    return DataBucket(
        stack,
        "data_bucket",
        account=account(stack),
        name="acme-data",
        bucket=BucketSettings().checked(),
        key_arn=None,
        reader_account_ids=[],
        prevent_destroy=False,
    )


def network(stack: TerraformStack, settings: NetworkSettings | None = None) -> Network:
    return Network(
        stack,
        "(network)",
        account=account(stack),
        names=names(),
        network=settings,
        has_users=True,
        storage=LOG_STORAGE,
    )


def notebooks(stack: TerraformStack) -> Notebook:
    """What Studio needs of notebooks, without an instance and samples."""
    return Notebook(
        stack,
        "(notebook)",
        account=account(stack),
        names=names(),
        notebook=None,
        has_studio=True,
        sagemaker_full_access=False,
        bucket=bucket(stack),
        key_arn=KEY_ARN,
        training_role_arn="arn:aws:iam::111111111111:role/training",
        network=network(stack),
        image_repositories=[],
        script=b"",
        notebook_delivery=NotebookDeliverySettings().checked(),
        samples=[],
        prevent_destroy=False,
        depends_on=[],
    )
