"""Gap: moto's notebook lifecycle configurations have no tags and cannot be listed.

ListTags on one ends in a 500, which Terraform's provider retries for minutes.
"""

import json

from moto.core.responses import ActionResult
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse


def fill() -> None:
    create = SageMakerResponse.create_notebook_instance_lifecycle_config
    resource_from_arn = SageMakerModelBackend._get_resource_from_arn

    def create_with_tags(call: SageMakerResponse) -> ActionResult:
        answer = create(call)
        request = json.loads(call.body)
        name = request["NotebookInstanceLifecycleConfigName"]
        call.sagemaker_backend.notebook_instance_lifecycle_configurations[name].tags = request.get("Tags", [])
        return answer

    def resource_or_lifecycle_configuration(backend: SageMakerModelBackend, arn: str) -> object:
        kind, name = arn.rsplit(":", maxsplit=1)[-1].split("/")
        if kind == "notebook-instance-lifecycle-config":
            return backend.notebook_instance_lifecycle_configurations[name]
        return resource_from_arn(backend, arn)

    def list_configurations(call: SageMakerResponse) -> ActionResult:
        return ActionResult(
            {
                "NotebookInstanceLifecycleConfigs": [
                    {
                        "NotebookInstanceLifecycleConfigName": name,
                        "NotebookInstanceLifecycleConfigArn": configuration.arn,
                        "CreationTime": configuration.creation_time,
                        "LastModifiedTime": configuration.last_modified_time,
                    }
                    for name, configuration in call.sagemaker_backend.notebook_instance_lifecycle_configurations.items()
                ]
            }
        )

    SageMakerResponse.create_notebook_instance_lifecycle_config = create_with_tags
    SageMakerResponse.list_notebook_instance_lifecycle_configs = list_configurations
    SageMakerModelBackend._get_resource_from_arn = resource_or_lifecycle_configuration
