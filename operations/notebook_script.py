"""Whether a deploy changes the script of the notebook instance without starting the instance."""

from stacks.terraform_change import TerraformChange

LIFECYCLE = "aws_sagemaker_notebook_instance_lifecycle_configuration"
INSTANCE = "aws_sagemaker_notebook_instance"
# All that Terraform's provider changes without stopping the instance, and starting it again:
# https://github.com/hashicorp/terraform-provider-aws/blob/v6.25.0/internal/service/sagemaker/notebook_instance.go
TAGS = ("tags", "tags_all")


def script_waits_for_start(change: TerraformChange) -> bool:
    """Of what is planned: after the apply the instance has another script than the one that it ran.

    Terraform changes the script before the instance, which depends on it.
    """
    updated = [address for address, action in change.actions.items() if action == "update"]
    if not any(_is_a(LIFECYCLE, address) for address in updated):
        return False
    instances = [address for address in change.actions if _is_a(INSTANCE, address)]
    return not any(address not in updated or _restarts(change, address) for address in instances)


def _is_a(resource_type: str, address: str) -> bool:
    return address.startswith(f"{resource_type}.")


def _restarts(change: TerraformChange, address: str) -> bool:
    before, after = change.planned_values(address)
    return any(value != after.get(name) for name, value in before.items() if name not in TAGS)
