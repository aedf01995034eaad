"""The IAM role of the pipelines that train."""

from collections.abc import Sequence

from constructs import Construct

from constructs.access.allow import Allow
from constructs.access.service_role import SAGEMAKER, ServiceRole
from constructs.account import Account
from settings.names import Names


class PipelineRole(Construct):
    """Starts the jobs of its trainings as the training role, and registers versions in their groups, never approved.

    What a job reads, writes and encrypts is its own role's matter: SageMaker asks the caller for kms:CreateGrant only
    where that one has none, and for nothing but CreateModelPackage to register a model; of a version, IAM checks
    `model-package/<group>/<version>`. SageMaker takes the role for the executions of these pipelines only.
    Pipelines tag the jobs that they start, and the platform's own tags are on them. Not tried against AWS.
    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html

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
                Allow(
                    sid="Train",
                    actions=[
                        "sagemaker:AddTags",
                        "sagemaker:CreateTrainingJob",
                        "sagemaker:DescribeTrainingJob",
                        "sagemaker:StopTrainingJob",
                    ],
                    resources=[account.arn("sagemaker", f"training-job/{name}-*") for name in of_trainings],
                ),
                Allow(
                    sid="PassToTraining",
                    actions=["iam:PassRole"],
                    resources=[training_role_arn],
                    conditions={("StringEquals", "iam:PassedToService"): [SAGEMAKER]},
                ),
                Allow(
                    sid="Register",
                    actions=["sagemaker:CreateModelPackage"],
                    resources=versions,
                    conditions={("StringEquals", "sagemaker:ModelApprovalStatus"): ["PendingManualApproval"]},
                ),
                Allow(sid="Registered", actions=["sagemaker:DescribeModelPackage"], resources=versions),
            ],
        )
        self.arn, self.policies = role.arn, role.policies
