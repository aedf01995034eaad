"""Lints IAM policies with parliament and cloudsplaining: run by policy/.venv's Python.

On standard input: address to policy. On standard output: a list of (address, finding).
"""

import json
import sys

import parliament
from cloudsplaining.scan.policy_document import PolicyDocument


def unwrapped(value: object) -> object:
    """One-element lists as their element: the same to IAM, and parliament wants a condition's value so."""
    if isinstance(value, dict):
        return {key: unwrapped(item) for key, item in value.items()}
    if isinstance(value, list):
        return unwrapped(value[0]) if len(value) == 1 and not isinstance(value[0], dict) else [*map(unwrapped, value)]
    return value


def findings(address: str, policy: dict[str, object]) -> list[tuple[str, str]]:
    linted = parliament.analyze_policy_string(json.dumps(unwrapped(policy)))
    found = [(address, f"parliament: {item.issue}: {item.detail}") for item in linted.findings]
    document = PolicyDocument(policy)
    for risk, names in (
        ("credentials exposure", document.credentials_exposure),
        ("data exfiltration", document.allows_data_exfiltration_actions),
        ("privilege escalation", [item["type"] for item in document.allows_privilege_escalation]),
        ("resource exposure", document.permissions_management_without_constraints),
        ("write without constraints", document.write_actions_without_constraints),
    ):
        found += [(address, f"cloudsplaining: {risk}: {name}") for name in names]
    return found


policies = json.load(sys.stdin)
print(json.dumps([finding for address, policy in policies.items() for finding in findings(address, policy)]))
