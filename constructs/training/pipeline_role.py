"""The IAM role of the pipelines that train."""

from collections.abc import Sequence

from constructs import Construct

from constructs.access.allow import Allow
from constructs.access.service_role import SAGEMAKER, ServiceRole, training_jobs
from constructs.account import Account
from constructs.storage.data_bucket import DataBucket
from settings.names import Names
from settings.trained_artifact import TRAINING_OUTPUT


class PipelineRole(Construct):
    """Starts the jobs of its trainings as the training role, and registers versions in their groups, never approved.

    What a job reads, writes and encrypts is its own role's matter: SageMaker asks the caller for kms:CreateGrant only
    where that one has none. Of a version, IAM checks `model-package/<group>/<version>`. SageMaker takes the role for
    the executions of these pipelines only.
    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html

    No page of AWS says what its refusals do, as others' runs on AWS met them in 2026: a pipeline tags all that it makes
    as it makes it; a step that registers asks for the group to be created, which is there, and reads the artifact with
    the role's rights: "Failed to invoke sagemaker:CreateModelPackageGroup ... is not authorized to perform:
    sagemaker:AddTags", "Failed to invoke sagemaker:CreateModelPackage. Error Details: Access denied for bucket".

    Pipelines must wait for `policies`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        limit_trust_to_account: bool,
        trainings: Sequence[str],
        training_role_arn: str,
        bucket: DataBucket,
        key_arn: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        of_trainings = [names.training(training) for training in trainings]
        versions = [account.arn("sagemaker", f"model-package/{name}/*") for name in of_trainings]
        role = ServiceRole(
            self,
            "Default",
            account=account,
            name=names.pipeline_role,
            service=SAGEMAKER,
            source=account.arn("sagemaker", f"pipeline/{names.training('*')}/*") if limit_trust_to_account else None,
            statements=[
                *training_jobs(
                    [account.arn("sagemaker", f"training-job/{name}-*") for name in of_trainings], training_role_arn
                ),
                Allow(
                    sid="Register",
                    actions=["sagemaker:CreateModelPackage"],
                    resources=versions,
                    conditions={("StringEquals", "sagemaker:ModelApprovalStatus"): ["PendingManualApproval"]},
                ),
                Allow(
                    sid="Registered",
                    actions=["sagemaker:AddTags", "sagemaker:DescribeModelPackage"],
                    resources=versions,
                ),
                Allow(
                    sid="Group",
                    actions=["sagemaker:AddTags", "sagemaker:CreateModelPackageGroup"],
                    resources=[account.arn("sagemaker", f"model-package-group/{name}") for name in of_trainings],
                ),
                Allow(
                    sid="ArtifactRead",
                    actions=["s3:GetObject"],
                    resources=[f"{bucket.arn}/{TRAINING_OUTPUT}{names.training('*')}"],
                ),
                *_through_s3(key_arn, account.region),
            ],
        )
        self.arn, self.policies = role.arn, role.policies


def _through_s3(key_arn: str | None, region: str) -> list[Allow]:
    """The other half is in constructs/access/encryption_key.py."""
    if key_arn is None:
        return []
    through = {("StringEquals", "kms:ViaService"): [f"s3.{region}.amazonaws.com"]}
    return [Allow(sid="ArtifactKey", actions=["kms:Decrypt"], resources=[key_arn], conditions=through)]
