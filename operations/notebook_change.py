"""What a deploy does to the notebook instance and to the files on it, of which Terraform's plan says little.

https://github.com/hashicorp/terraform-provider-aws/blob/v6.25.0/internal/service/sagemaker/notebook_instance.go
"""

from stacks.synthesized_stack import OperationError
from stacks.terraform_change import TerraformChange

LIFECYCLE = "aws_sagemaker_notebook_instance_lifecycle_configuration"
INSTANCE = "aws_sagemaker_notebook_instance"
SAMPLES = "aws_s3_object.notebook_"  # as constructs/notebook/notebook.py calls them
# All that Terraform's provider changes without stopping the instance, and starting it again.
TAGS = ("tags", "tags_all")
# For another of these it makes another instance, and for a smaller volume.
OF_ONE_INSTANCE = {
    "name": "name",
    "kms_key_id": "encryption_key",
    "subnet_id": "network",
    "direct_internet_access": "network",
    "security_groups": "network",
    "platform_identifier": "notebook.platform",
}
# What AWS says where the settings do not.
COMPUTED = ("security_groups", "platform_identifier")


def refuse_loss_of_files(change: TerraformChange) -> None:
    """Of what is planned. The plan has the volume's size that AWS answers, whoever made it; the precondition in
    constructs/notebook/notebook_instance.py only the one that the tag says. An instance whose creation has failed holds
    nobody's files; of one that is only marked so, operations/recover.py has taken the mark away. Raises
    OperationError."""
    for address in _instances(change):
        if change.actions[address] != "replace":
            continue
        before, after = change.planned_values(address)
        has, wanted = before["volume_size"], after["volume_size"]
        why = {
            setting
            for name, setting in OF_ONE_INSTANCE.items()
            # In the state nothing is an empty text.
            if (before.get(name) or None) != (after.get(name) or None) and (name in after or name not in COMPUTED)
        }
        advice = "To keep it: take back what changed of it."
        if has > wanted:
            why.add(f"volume_size_gb, which is {wanted} where the volume has {has} GB")
            advice = f"Set volume_size_gb to {has}, or more."
        if why:
            raise OperationError(
                f"another notebook instance would take the place of {before['name']}, without people's files, for "
                f"another {' and '.join(sorted(why))}. Nothing was begun. {advice} To lose these files, or once they "
                "are in the bucket: notebook=None, deploy that, and then the notebook again"
            )


def restarts(change: TerraformChange) -> bool:
    """Whether what is planned stops the instance, where it runs, and starts it again."""
    return any(change.actions[address] == "update" and _stops(change, address) for address in _instances(change))


def waits_for_start(change: TerraformChange) -> bool:
    """Of what is planned: after the apply the instance has another script, or other notebooks to hand out, than at its
    last start.

    Terraform changes them before the instance, which depends on them.
    """
    script = any(
        address.startswith(f"{LIFECYCLE}.") and action == "update" for address, action in change.actions.items()
    )
    samples = any(
        address.startswith(SAMPLES) and action in ("create", "update", "replace")
        for address, action in change.actions.items()
    )
    if not script and not (samples and INSTANCE in change.stack.resources):
        return False
    return not any(change.actions[address] != "update" or _stops(change, address) for address in _instances(change))


def _instances(change: TerraformChange) -> list[str]:
    return [address for address in change.actions if address.startswith(f"{INSTANCE}.")]


def _stops(change: TerraformChange, address: str) -> bool:
    before, after = change.planned_values(address)
    return any(value != after.get(name) for name, value in before.items() if name not in TAGS)
