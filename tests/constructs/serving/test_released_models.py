from pathlib import Path
from typing import Any

from cdktf import TerraformStack

from constructs.serving.released_models import ReleasedModels
from settings.endpoint import EndpointSettings, ProvisionedEndpointSettings, ServerlessEndpointSettings
from settings.releases import ReleasedModel
from settings.variant import VariantSettings
from tests.support import parts
from tests.support.synthesis import synthesized


def test_a_model_that_is_served_in_two_ways_is_one_artifact_and_two_models(tmp_path: Path) -> None:
    (tmp_path / "model.tar.gz").touch()
    model = ReleasedModel(
        name="churn-00000000", image_repository="kmeans", image_tag="1", artifact=tmp_path / "model.tar.gz"
    )
    endpoints: list[EndpointSettings] = [
        ProvisionedEndpointSettings(production=VariantSettings()).checked(),
        ServerlessEndpointSettings(name="on-demand").checked(),
    ]
    found: dict[tuple[str, str], str] = {}

    def build(stack: TerraformStack) -> None:
        models = ReleasedModels(
            stack,
            "(models)",
            names=parts.names(),
            served=[(endpoint, {"production": model}) for endpoint in endpoints],
            bucket=parts.bucket(stack),
            role_arn="arn:role",
            placement=parts.PLACEMENT,
            depends_on=[],
        )
        found.update(models.names)

    resources: dict[str, Any] = synthesized(build)
    assert found.keys() == {("churn-00000000", "provisioned"), ("churn-00000000", "serverless")}
    made = resources["aws_sagemaker_model"].values()
    assert {item["enable_network_isolation"]: "vpc_config" in item for item in made} == {True: True, False: False}
    artifacts = [item for item in resources["aws_s3_object"].values() if item["key"].endswith("/model.tar.gz")]
    assert [item["key"] for item in artifacts] == ["models/churn-00000000/model.tar.gz"]
