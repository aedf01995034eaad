"""A SageMaker model: one released artifact in one of AWS's prebuilt images."""

from collections.abc import Mapping, Sequence

from cdktf import Fn, ITerraformDependable
from cdktf_cdktf_provider_aws.data_aws_sagemaker_prebuilt_ecr_image import DataAwsSagemakerPrebuiltEcrImage
from cdktf_cdktf_provider_aws.sagemaker_model import (
    SagemakerModel,
    SagemakerModelPrimaryContainer,
    SagemakerModelVpcConfig,
)
from constructs import Construct

# Characters of the digest, and so of the name.
DIGEST_LENGTH = 8


class Model(Construct):
    """Its name ends with a digest of all that it is made of, `revision` standing for image, artifact and variables.

    SageMaker models are immutable and a name is taken until its model is deleted, so that a change must be a new model
    under a new name; it is made before the old one goes.

    `network_isolation` keeps the container from the network; serverless endpoints do not support it:
    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name_prefix: str,
        revision: str,
        image_repository: str,
        image_tag: str,
        model_data_url: str,
        environment: Mapping[str, str],
        role_arn: str,
        network_isolation: bool,
        subnet_ids: Sequence[str],
        security_group_ids: Sequence[str],
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        image = DataAwsSagemakerPrebuiltEcrImage(self, "image", repository_name=image_repository, image_tag=image_tag)
        vpc_config = None
        if subnet_ids:
            vpc_config = SagemakerModelVpcConfig(subnets=[*subnet_ids], security_group_ids=[*security_group_ids])
        # Some of what a model is made of is known at apply only.
        made_of = [revision, role_arn, network_isolation, [*subnet_ids], [*security_group_ids]]
        model = SagemakerModel(
            self,
            "Default",
            name=f"{name_prefix}{Fn.substr(Fn.sha1(Fn.jsonencode(made_of)), 0, DIGEST_LENGTH)}",
            execution_role_arn=role_arn,
            enable_network_isolation=network_isolation,
            primary_container=SagemakerModelPrimaryContainer(
                image=image.registry_path, model_data_url=model_data_url, environment=environment
            ),
            vpc_config=vpc_config,
            depends_on=[*depends_on],
        )
        self.name = model.name
