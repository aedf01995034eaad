"""Writes the deployer's policy and what is paid for into docs/first-deploy.md: `python -m pages.first_deploy_page`, run
by `make docs`.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from settings.operator_variables import variable
from stacks.environments import NAMES, ROOT
from stacks.synthesized_stack import SynthesizedStack, synthesize
from stacks.terminal import printed

PAGE = ROOT / "docs/first-deploy.md"
ACCOUNT_ID = "111111111111"
Resources = Mapping[str, Mapping[str, Mapping[str, Any]]]


def place(name: str) -> re.Pattern[str]:
    """Between the page's two marks of that name."""
    return re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)


def policy(environment: str) -> str:
    """As the command prints it for an account, as an example in Markdown."""
    printed = subprocess.run(
        [sys.executable, "-m", "operations.deployer_policy", environment],
        cwd=ROOT,
        env=os.environ | {variable(environment, "account_id"): ACCOUNT_ID},
        capture_output=True,
        text=True,
        check=True,
    )
    return f"```json\n{printed.stdout}```\n"


def idle_costs() -> str:
    """What each committed environment has that is paid for while nobody uses it."""
    return "\n".join(_idle_lines(_synthesized())) + "\n"


def _synthesized() -> dict[str, Resources]:
    with tempfile.TemporaryDirectory() as folder:
        synthesize(Path(folder))
        stacks = {name: SynthesizedStack(folder=Path(folder) / "stacks" / name, variables={}) for name in NAMES}
        return {name: stack.json["resource"] for name, stack in stacks.items()}


def _idle_lines(stacks: Mapping[str, Resources]) -> Iterator[str]:
    yield f"| paid while idle | {' | '.join(stacks)} |"
    yield f"|---{'|---' * len(stacks)}|"
    for what, count in COUNTED.items():
        yield f"| {what} | {' | '.join(count(resources) or 'none' for resources in stacks.values())} |"


def _variants(resources: Resources) -> Iterator[Mapping[str, Any]]:
    for configuration in resources.get("aws_sagemaker_endpoint_configuration", {}).values():
        yield from (*configuration["production_variants"], *configuration.get("shadow_production_variants", []))


def _instances(resources: Resources) -> str:
    counts = Counter[str]()
    for variant in _variants(resources):
        if "instance_type" in variant:
            counts[variant["instance_type"]] += variant["initial_instance_count"]
    return ", ".join(f"{count} {instance_type}" for instance_type, count in sorted(counts.items()))


def _notebooks(resources: Resources) -> str:
    return ", ".join(
        f"1 {notebook['instance_type']} while it runs, {notebook['volume_size']} GB always"
        for notebook in resources.get("aws_sagemaker_notebook_instance", {}).values()
    )


def _zones_of_endpoints(resources: Resources) -> str:
    endpoints = [
        len(endpoint["subnet_ids"])
        for endpoint in resources.get("aws_vpc_endpoint", {}).values()
        if endpoint["vpc_endpoint_type"] == "Interface"
    ]
    return f"{len(endpoints)}, {sum(endpoints)} in all zones together" if endpoints else ""


def _of_type(resource_type: str) -> Callable[[Resources], str]:
    return lambda resources: str(len(resources.get(resource_type, {})) or "")


COUNTED: Mapping[str, Callable[[Resources], str]] = {
    "endpoint instances, by the hour": _instances,
    "notebook instance": _notebooks,
    "interface endpoints of the VPC, by the hour and zone": _zones_of_endpoints,
    "KMS keys, by the month": _of_type("aws_kms_key"),
    "alarms, by the month": _of_type("aws_cloudwatch_metric_alarm"),
    "dashboards, by the month": _of_type("aws_cloudwatch_dashboard"),
}


def written() -> str:
    """The page with its generated parts as they have to be."""
    text = PAGE.read_text()
    for name, content in (("policy", policy(NAMES[0])), ("idle", idle_costs())):
        text = place(name).sub(lambda _, content=content: content, text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    with printed("docs"):
        PAGE.write_text(written())
