"""Gap: moto knows the condition operator StringEquals only and takes every other condition for met.

A bucket policy that denies plain HTTP (`Bool aws:SecureTransport false`) would deny every call. Here a Deny whose
condition moto cannot judge denies nothing.
"""

from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.iam.policy_conditions import CONDITION_OPERATIONS


def fill() -> None:
    permitted = IAMPolicyStatement.is_action_permitted

    def permitted_by_what_moto_knows(
        statement: IAMPolicyStatement,
        action: str,
        resource: str = "*",
        principal: str | None = None,
        incoming_condition_values: dict[str, str] | None = None,
    ) -> PermissionResult:
        conditions = statement._statement.get("Condition", {})
        if statement._statement.get("Effect") == "Deny" and not conditions.keys() <= CONDITION_OPERATIONS.keys():
            return PermissionResult.NEUTRAL
        return permitted(statement, action, resource, principal, incoming_condition_values)

    IAMPolicyStatement.is_action_permitted = permitted_by_what_moto_knows
