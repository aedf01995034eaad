"""What the notebook's role may do in Studio."""

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocument
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from constructs.access.allow import Allow
from constructs.account import Account
from settings.names import Names

# IAM puts in the user whom Studio runs the role for; Terraform writes `&` for `$` in a policy document:
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document#context-variable-interpolation
USER = "&{sagemaker:UserProfileName}"
# As CreateApp has it, and as DescribeApp's example of an ARN does.
JUPYTER_LAB = ("JupyterLab", "jupyterlab")


class StudioPolicy(Construct):
    """A managed policy of the role, made once the domain has its id: look around in the domain, make private spaces of
    one's own and run JupyterLab in them, and nothing in a space of another user, though all have one role.

    AWS's policy for this page's users opens spaces that are shared too, and apps of every kind, which no setting here
    would ever stop. For what lists, AWS knows no narrower resource.
    https://docs.aws.amazon.com/sagemaker/latest/dg/studio-updated-jl-admin-guide-permissions.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, account: Account, names: Names, role_name: str, domain_id: str
    ) -> None:
        super().__init__(scope, construct_id)
        user = account.arn("sagemaker", f"user-profile/{domain_id}/{USER}")
        spaces = account.arn("sagemaker", f"space/{domain_id}/*")
        of_the_user = {
            ("ArnLike", "sagemaker:OwnerUserProfileArn"): [user],
            ("StringEquals", "sagemaker:SpaceSharingType"): ["Private"],
        }
        statements = [
            Allow(
                sid="StudioList",
                actions=[f"sagemaker:List{what}" for what in ("Apps", "Domains", "Spaces", "UserProfiles")],
                resources=["*"],
            ),
            Allow(
                sid="StudioRead",
                actions=[f"sagemaker:Describe{what}" for what in ("App", "Domain", "Space", "UserProfile")],
                resources=[
                    account.arn("sagemaker", f"domain/{domain_id}"),
                    *(account.arn("sagemaker", f"{kind}/{domain_id}/*") for kind in ("app", "space", "user-profile")),
                ],
            ),
            Allow(sid="StudioSignIn", actions=["sagemaker:CreatePresignedDomainUrl"], resources=[user]),
            Allow(
                sid="StudioSpaces",
                actions=["sagemaker:CreateSpace", "sagemaker:DeleteSpace", "sagemaker:UpdateSpace"],
                resources=[spaces],
                conditions=of_the_user,
            ),
            Allow(
                sid="StudioApps",
                actions=["sagemaker:CreateApp", "sagemaker:DeleteApp"],
                resources=[account.arn("sagemaker", f"app/{domain_id}/*/{kind}/*") for kind in JUPYTER_LAB],
                conditions=of_the_user,
            ),
            Allow(
                sid="StudioTags",  # Studio tags what it makes
                actions=["sagemaker:AddTags"],
                resources=[spaces, account.arn("sagemaker", f"app/{domain_id}/*")],
                conditions={("Null", "sagemaker:TaggingAction"): ["false"]},
            ),
        ]
        document = DataAwsIamPolicyDocument(
            self, "policy_document", statement=[allow.statement() for allow in statements]
        )
        policy = IamPolicy(self, "Default", name=names.studio_policy, policy=document.json)
        self.attachment = IamRolePolicyAttachment(self, "attachment", role=role_name, policy_arn=policy.arn)
