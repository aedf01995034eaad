from pathlib import Path
from typing import Any

from cdktf import TerraformStack

from constructs.serving.released_models import ReleasedModels
from settings.endpoint import EndpointSettings, ProvisionedEndpointSettings, ServerlessEndpointSettings
from settings.releases import ReleasedModel
from settings.trained_artifact import TrainedArtifact
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
            account=parts.account(stack),
            names=parts.names(),
            kept=[],
            key_arn=None,
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


def test_a_trained_model_is_a_copy_at_one_address_whether_it_serves_or_is_kept_for_a_rollback() -> None:
    first, second = (
        ReleasedModel(
            name=f"churn-{number}-00000000",
            image_repository="kmeans",
            image_tag="1",
            artifact=TrainedArtifact(
                names=parts.names(),
                account_id="111111111111",
                key=f"training-output/{number}/output/model.tar.gz",
                sha256=f"{number}" * 64,
                size=3,
            ),
        )
        for number in (1, 2)
    )

    def resources(production: ReleasedModel, previous: ReleasedModel) -> dict[str, Any]:
        def build(stack: TerraformStack) -> None:
            ReleasedModels(
                stack,
                "(models)",
                account=parts.account(stack),
                names=parts.names(),
                served=[(ServerlessEndpointSettings().checked(), {"production": production})],
                kept=[previous],
                bucket=parts.bucket(stack),
                key_arn=parts.KEY_ARN,
                role_arn="arn:role",
                placement=None,
                depends_on=[],
            )

        return synthesized(build)

    before, after = resources(first, second), resources(second, first)
    copies = before["aws_s3_object_copy"]
    assert {item["key"] for item in copies.values()} == {
        f"models/churn-1-00000000/{'1' * 64}.tar.gz",
        f"models/churn-2-00000000/{'2' * 64}.tar.gz",
    }
    assert after["aws_s3_object_copy"] == copies
    [model] = before["aws_sagemaker_model"].values()
    [address] = [address for address, item in copies.items() if item["key"].startswith("models/churn-1-")]
    copy = f"aws_s3_object_copy.{address}"
    assert model["primary_container"]["model_data_url"] == f"s3://${{{copy}.bucket}}/${{{copy}.key}}"
