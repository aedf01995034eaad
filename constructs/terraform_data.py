"""Terraform's own resource for values that live in the state."""

from collections.abc import Mapping, Sequence

from cdktf import ITerraformDependable, LocalExecProvisioner, TerraformResource, TerraformResourceLifecycle
from constructs import Construct

TYPE = "terraform_data"


class TerraformData(TerraformResource):
    """Keeps `values` in the state as `input`; replaced when one of `replaced_by` changes, after which `command` is run.
    `on_destroy` is run before it is destroyed while it is in the configuration: in a destroy of all.

    Not CDKTF's DataResource: that one runs `terraform version` at each synth, which must need no Terraform.
    https://developer.hashicorp.com/terraform/language/resources/terraform-data
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        values: Mapping[str, str] | None = None,
        replaced_by: Mapping[str, str] | None = None,
        command: str | None = None,
        on_destroy: str | None = None,
        lifecycle: TerraformResourceLifecycle | None = None,
        depends_on: Sequence[ITerraformDependable] = (),
    ) -> None:
        provisioners = []
        if command is not None:
            provisioners.append(LocalExecProvisioner(type="local-exec", command=command))
        if on_destroy is not None:
            provisioners.append(LocalExecProvisioner(type="local-exec", command=on_destroy, when="destroy"))
        super().__init__(
            scope,
            construct_id,
            terraform_resource_type=TYPE,
            lifecycle=lifecycle,
            provisioners=provisioners or None,
            depends_on=[*depends_on] or None,
        )
        for attribute, value in (("input", values), ("triggers_replace", replaced_by)):
            if value is not None:
                self.add_override(attribute, value)

    @property
    def address(self) -> str:
        """The resource's in Terraform, for expressions."""
        return f"{TYPE}.{self.friendly_unique_id}"
