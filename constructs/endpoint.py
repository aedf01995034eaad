"""A SageMaker endpoint."""

from collections.abc import Sequence

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.sagemaker_endpoint import SagemakerEndpoint
from constructs import Construct


class Endpoint(Construct):
    """Serves what its configuration says; another configuration updates it in place, without a gap in service."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        configuration_name: str,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        endpoint = SagemakerEndpoint(
            self, "Default", name=name, endpoint_config_name=configuration_name, depends_on=[*depends_on]
        )
        self.name = endpoint.name
        self.configuration_name = endpoint.endpoint_config_name
