"""Gap: moto's AddTags leaves a tag's old value beside the new one, and the tags of what it does not find, or of a model
package, end in a 500, which Terraform's provider retries for minutes.

A version of a model package group has the group's tags:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
"""

from typing import Any

from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend

from local_aws.server.gaps import sagemaker_studio

STUDIO = ("app", "domain", "space", "studio-lifecycle-config", "user-profile")


def fill() -> None:
    """After every gap that gives moto another kind of resource with tags."""
    find = SageMakerModelBackend._get_resource_from_arn

    def tagged(backend: SageMakerModelBackend, arn: str) -> Any:  # noqa: ANN401 - moto's
        kind, _, name = arn.rpartition(":")[2].partition("/")
        if kind == "model-package":
            package = backend.model_packages.get(arn)
            found = None if package is None else package.group or package
        elif kind in STUDIO:
            found = sagemaker_studio.tagged(backend, arn)
        else:
            found = None if "/" in name else find(backend, arn)
        if found is None:
            raise ValidationError(message=f"Could not find {kind} {arn}.")
        return found

    def add_tags(backend: SageMakerModelBackend, arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        resource = tagged(backend, arn)
        keys = {tag["Key"] for tag in tags}
        resource.tags = [*(tag for tag in resource.tags if tag["Key"] not in keys), *tags]
        kept: list[dict[str, str]] = resource.tags
        return kept

    SageMakerModelBackend._get_resource_from_arn = tagged
    SageMakerModelBackend.add_tags = add_tags
