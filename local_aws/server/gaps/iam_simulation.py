"""Gap: moto cannot simulate a principal's policies.

SimulatePrincipalPolicy is decided by the policies that moto's IAM holds for a role or a user, inline and attached: an
explicit Deny before an Allow, wildcards in actions and resources, conditions by the context that is sent along. No
resource's own policy, boundary or organization takes part.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import fnmatch
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse

Statement = Mapping[str, Any]
Context = Mapping[str, Sequence[str]]


def _like(value: str, pattern: str) -> bool:
    """`*` and `?` are wildcards, a bracket is a bracket."""
    return re.fullmatch(fnmatch.translate(pattern.replace("[", "[[]")), value, re.DOTALL) is not None


# The operators that this project's policies and AWS's AdministratorAccess need; another one is an error of the server.
OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "StringEquals": lambda value, wanted: value == wanted,
    "StringLike": _like,
}


def fill() -> None:
    IamResponse.simulate_principal_policy = _simulate


def _simulate(call: IamResponse) -> ActionResult:
    statements = statements_of(call.backend, call._get_param("PolicySourceArn"))
    resources = call._get_param("ResourceArns") or ["*"]
    context = {
        entry["ContextKeyName"].lower(): entry["ContextKeyValues"] for entry in call._get_param("ContextEntries") or []
    }
    results = []
    for action in call._get_param("ActionNames"):
        decisions = {resource: decision(statements, action, resource, context) for resource in resources}
        worst = next(iter(sorted(set(decisions.values()) - {"allowed"})), "allowed")
        results.append(
            {
                "EvalActionName": action,
                "EvalResourceName": resources[0] if len(resources) == 1 else "*",
                "EvalDecision": worst,
                "ResourceSpecificResults": [
                    {"EvalResourceName": resource, "EvalResourceDecision": decision}
                    for resource, decision in decisions.items()
                ],
            }
        )
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def statements_of(backend: IAMBackend, arn: str) -> list[Statement]:
    """Of every policy that the role or user has."""
    kind, _, path = arn.rpartition(":")[2].partition("/")
    name = path.rpartition("/")[2]
    holders: list[Any] = [backend.get_role(name)] if kind == "role" else []
    if kind == "user":
        holders = [backend.get_user(name), *backend.get_groups_for_user(name)]
    texts = [text for holder in holders for text in holder.policies.values()]
    managed = [policy for holder in holders for policy in holder.managed_policies.values()]
    texts += [version.document for policy in managed for version in policy.versions if version.is_default]
    documents = [json.loads(text) for text in texts]
    return [statement for document in documents for statement in _list(document["Statement"])]


def trusts(backend: IAMBackend, arn: str, service: str) -> bool:
    """Whether there is such a role, and its principals have the service: the conditions on them are not judged."""
    try:
        trust = json.loads(backend.get_role(arn.rpartition("/")[2]).assume_role_policy_document)
    except NotFoundException:
        return False
    for statement in _list(trust["Statement"]):
        principal = statement.get("Principal", {})
        services = _list(principal.get("Service", [])) if isinstance(principal, dict) else []
        if statement["Effect"] == "Allow" and service in services:
            return True
    return False


def decision(statements: Sequence[Statement], action: str, resource: str, context: Context) -> str:
    effects = {item["Effect"] for item in statements if _applies(item, action, resource, context)}
    if "Deny" in effects:
        return "explicitDeny"
    return "allowed" if "Allow" in effects else "implicitDeny"


def _applies(statement: Statement, action: str, resource: str, context: Context) -> bool:
    return (
        _named(statement, "Action", lambda pattern: _like(action.lower(), pattern.lower()))
        and _named(statement, "Resource", lambda pattern: _like(resource, pattern))
        and all(
            _met(operator, context.get(key.lower()), _list(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _named(statement: Statement, element: str, matches: Callable[[str], bool]) -> bool:
    if f"Not{element}" in statement:
        return not any(map(matches, _list(statement[f"Not{element}"])))
    return any(map(matches, _list(statement[element])))


def _met(operator: str, values: Sequence[str] | None, wanted: Sequence[str]) -> bool:
    holds = OPERATORS[operator.removesuffix("IfExists")]
    if values is None:
        return operator.endswith("IfExists")
    return any(holds(value, item) for value in values for item in wanted)


def _list(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else [value]
