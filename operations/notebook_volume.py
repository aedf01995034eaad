"""That no plan takes people's files: for a smaller volume Terraform's provider makes another notebook instance.

https://github.com/hashicorp/terraform-provider-aws/blob/v6.25.0/internal/service/sagemaker/notebook_instance.go
"""

from operations.notebook_script import INSTANCE
from stacks.synthesized_stack import OperationError
from stacks.terraform_change import TerraformChange


def refuse_smaller_volume(change: TerraformChange) -> None:
    """Of what is planned. The plan has the size that AWS answers, whoever made it; the precondition in
    constructs/notebook/notebook_instance.py only the one that the tag says. Raises OperationError."""
    for address, action in change.actions.items():
        if action != "replace" or not address.startswith(f"{INSTANCE}."):
            continue
        before, after = change.planned_values(address)
        if before["volume_size"] > after["volume_size"]:
            raise OperationError(
                f"the volume of the notebook {before['name']} has {before['volume_size']} GB, and volume_size_gb is "
                f"{after['volume_size']}: another instance would take its place, without people's files. Nothing was "
                f"begun. Set volume_size_gb to {before['volume_size']}, or more. To lose these files: take the "
                "notebook out of the settings, deploy that, and then a smaller one"
            )
