"""A SageMaker model: one released artifact in one of AWS's prebuilt images."""

from collections.abc import Sequence

from cdktf import Fn, ITerraformDependable
from cdktf_cdktf_provider_aws.data_aws_sagemaker_prebuilt_ecr_image import DataAwsSagemakerPrebuiltEcrImage
from cdktf_cdktf_provider_aws.sagemaker_model import (
    SagemakerModel,
    SagemakerModelPrimaryContainer,
    SagemakerModelVpcConfig,
)
from constructs import Construct

from constructs.literal import literal
from constructs.network.placement import Placement
from settings.names import DIGEST_LENGTH
from settings.releases import ReleasedModel


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
        model: ReleasedModel,
        model_data_url: str,
        role_arn: str,
        network_isolation: bool,
        placement: Placement | None,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        image = DataAwsSagemakerPrebuiltEcrImage(
            self, "image", repository_name=model.image_repository, image_tag=model.image_tag
        )
        subnets, groups, vpc_config = [], [], None
        if placement is not None:
            subnets, groups = [*placement.subnet_ids], [*placement.security_group_ids]
            vpc_config = SagemakerModelVpcConfig(subnets=subnets, security_group_ids=groups)
        # Some of what a model is made of is known at apply only.
        made_of = [revision, role_arn, network_isolation, subnets, groups]
        made = SagemakerModel(
            self,
            "Default",
            name=f"{name_prefix}{Fn.substr(Fn.sha1(Fn.jsonencode(made_of)), 0, DIGEST_LENGTH)}",
            execution_role_arn=role_arn,
            enable_network_isolation=network_isolation,
            primary_container=SagemakerModelPrimaryContainer(
                image=image.registry_path,
                model_data_url=model_data_url,
                environment={name: literal(value) for name, value in model.environment.items()},
            ),
            vpc_config=vpc_config,
            depends_on=[*depends_on],
        )
        self.name = made.name
