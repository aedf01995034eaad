"""The IAM role of the notebook instance and of Studio's apps."""

from collections.abc import Sequence

from cdktf import Annotations, ITerraformDependable
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from constructs.access.allow import Allow, bucket_list, key_use, log_streams, network_interfaces, with_streams
from constructs.access.service_role import SAGEMAKER, ServiceRole, training_jobs
from constructs.account import Account
from constructs.network.placement import Placement
from constructs.storage.data_bucket import DataBucket
from constructs.terraform_data import TerraformData
from settings.names import NOTEBOOK_INSTANCES, STUDIO, TRAINING_JOBS, EndpointNames, Names

# Read in the policy, version 29:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSageMakerFullAccess.html
FULL_ACCESS_OPENS = (
    "sagemaker_full_access is True: with AmazonSageMakerFullAccess the notebook may pass every role of the account "
    "that trusts SageMaker, work with every bucket that has sagemaker in its name, make buckets, read secrets that are "
    "tagged for SageMaker, administer Cognito user pools and delete alarms"
)
# AWS gives no number.
SETTLING_SECONDS = 15


class NotebookRole(Construct):
    """Works with the data, starts training jobs as the training role, reads their logs, calls the endpoint; in a
    notebook instance, in Studio's apps, or in both. What it may do in the domain: constructs/studio/studio_policy.py.

    Notebooks must wait for `policies`, and so for a new role to settle: SageMaker refuses one that it cannot take yet,
    and Terraform's provider tries again for models, not for notebooks (seen with 5.100 on the local AWS).
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency

    SageMaker's list of what names its source in a call does not have notebook instances, so the trust is not limited to
    the account: a missing key would lock SageMaker out.
    https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        has_notebook: bool,
        has_studio: bool,
        sagemaker_full_access: bool,
        bucket: DataBucket,
        key_arn: str | None,
        training_role_arn: str,
        placement: Placement | None,
    ) -> None:
        super().__init__(scope, construct_id)

        def of_endpoints(group: Sequence[EndpointNames], *, further_logs: Sequence[str] = ()) -> list[Allow]:
            groups = [*further_logs, *(item.log_group for item in group)]
            return [
                Allow(
                    sid="LogRead",
                    actions=["logs:DescribeLogStreams", "logs:GetLogEvents"],
                    resources=with_streams([account.log_group_arn(name) for name in groups]),
                ),
                Allow(
                    sid="Invoke",
                    actions=["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"],
                    resources=[account.arn("sagemaker", f"endpoint/{item.name}") for item in group],
                ),
            ]

        written = {NOTEBOOK_INSTANCES: has_notebook, STUDIO: has_studio}
        itself = Allow(
            sid="Notebook",
            actions=["sagemaker:DescribeNotebookInstance", "sagemaker:ListTags", "sagemaker:StopNotebookInstance"],
            resources=[account.arn("sagemaker", f"notebook-instance/{names.notebook}")],
        )
        first, *further = names.endpoint_groups
        role = ServiceRole(
            self,
            "Default",
            account=account,
            name=names.notebook_role,
            service=SAGEMAKER,
            source=None,
            statements=[
                bucket_list(bucket.arn),
                Allow(
                    sid="BucketObjects",
                    actions=[
                        "s3:AbortMultipartUpload",
                        "s3:DeleteObject",
                        "s3:GetObject",
                        "s3:ListMultipartUploadParts",
                        "s3:PutObject",
                    ],
                    resources=[f"{bucket.arn}/*"],
                ),
                *key_use(key_arn),
                log_streams([account.log_group_arn(name) for name, has in written.items() if has]),
                *of_endpoints(first, further_logs=[TRAINING_JOBS]),
                *training_jobs(
                    [account.arn("sagemaker", f"training-job/{names.training_job_prefix}*")], training_role_arn
                ),
                *([itself] if has_notebook else []),
                *network_interfaces(account, placement),
            ],
            more=[of_endpoints(group) for group in further],
        )
        self.name, self.arn = role.name, role.arn
        settled = TerraformData(
            self,
            "settled",
            replaced_by={"role_arn": role.arn},
            command=f"sleep {SETTLING_SECONDS}",
            depends_on=role.policies,
        )
        self.policies: list[ITerraformDependable] = [*role.policies, settled]
        if sagemaker_full_access:
            Annotations.of(self).add_warning(FULL_ACCESS_OPENS)
            self.policies.append(
                IamRolePolicyAttachment(
                    self,
                    "full_access",
                    role=role.name,
                    policy_arn=account.aws_policy_arn("AmazonSageMakerFullAccess"),
                )
            )
