"""A SageMaker model: one released artifact in one of AWS's prebuilt images."""

from collections.abc import Mapping, Sequence

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.data_aws_sagemaker_prebuilt_ecr_image import DataAwsSagemakerPrebuiltEcrImage
from cdktf_cdktf_provider_aws.sagemaker_model import SagemakerModel, SagemakerModelPrimaryContainer
from constructs import Construct


class Model(Construct):
    """`name` must change with everything else here: SageMaker models are immutable, and a name is taken until its
    model is deleted.

    `network_isolation` keeps the container from the network; serverless endpoints do not support it:
    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        image_repository: str,
        image_tag: str,
        model_data_url: str,
        environment: Mapping[str, str],
        role_arn: str,
        network_isolation: bool,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        image = DataAwsSagemakerPrebuiltEcrImage(self, "image", repository_name=image_repository, image_tag=image_tag)
        model = SagemakerModel(
            self,
            "Default",
            name=name,
            execution_role_arn=role_arn,
            enable_network_isolation=network_isolation,
            primary_container=SagemakerModelPrimaryContainer(
                image=image.registry_path, model_data_url=model_data_url, environment=environment
            ),
            depends_on=[*depends_on],
        )
        self.name = model.name
