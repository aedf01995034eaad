"""What Terraform says while it works, one JSON object a line, as some thirty lines for a person.

The lines' format: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Event = Mapping[str, Any]
# Lines that tell what is done, at most, however many resources there are.
MAX_LINES = 20
NAMED = 3  # addresses in such a line
# Of one resource, before it is told, and why it takes so long; and without a word, before it is told again.
SLOW_SECONDS, QUIET_AGAIN_SECONDS = 15, 60
DONE = {"create": "made", "update": "changed", "delete": "removed"}
# The provider's wait: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/s3/bucket_lifecycle_configuration.go
# (10 s, then every 5 s until S3 gave the same answer 10 times). Endpoints: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
# Notebooks: https://docs.aws.amazon.com/sagemaker/latest/dg/notebook-lifecycle-config.html
WHY = {
    "aws_s3_bucket_lifecycle_configuration": "the provider waits 55 s, until S3 gives the same answer ten times",
    "aws_sagemaker_domain": "SageMaker makes the file system of Studio's users, or deletes it",
    "aws_sagemaker_endpoint": "SageMaker starts its instances and loads the model; an update watches its alarms first",
    "aws_sagemaker_notebook_instance": "SageMaker starts the instance and runs its scripts, or stops it",
    "aws_vpc_endpoint": "EC2 makes its network interfaces",
    "terraform_data": "it waits for AWS: a new role settles, an endpoint's update is looked at, interfaces go away",
}


@dataclass
class Progress:
    """The lines for what has happened, by Terraform's own clock."""

    total: int
    began: float | None = None
    done: int = 0
    told: int = 0
    last_line: float = 0
    waited_for: set[str] = field(default_factory=set)
    at_work: dict[str, float] = field(default_factory=dict)
    since_told: list[tuple[str, str]] = field(default_factory=list)
    explained: set[str] = field(default_factory=set)

    def lines(self, event: Event) -> Iterator[str]:
        now = datetime.fromisoformat(event["@timestamp"]).timestamp()
        if self.began is None:
            self.began = self.last_line = now
        hook, kind = event.get("hook", {}), event.get("type")
        if hook.get("action") in DONE:
            address = hook["resource"]["addr"]
            if kind == "apply_start":
                self.at_work[address] = now
            elif kind == "apply_complete":
                self.at_work.pop(address, None)
                self.done += 1
                self.since_told.append((DONE[hook["action"]], address))
            elif kind == "apply_errored":
                self.at_work.pop(address, None)
                yield from self._said(now, f"{address}: failed; why is told at the end")
            elif kind == "apply_progress":
                yield from self._still(now)
        step = math.ceil(self.total / MAX_LINES) or 1
        if self.since_told and (self.done >= self.told + step or self.done == self.total):
            self.told = self.done
            yield from self._said(now, f"{self.done} of {self.total} {self._what()}")
            self.since_told.clear()

    def _still(self, now: float) -> Iterator[str]:
        slow = {address: now - began for address, began in self.at_work.items() if now - began >= SLOW_SECONDS}
        new = {address.split(".")[0] for address in slow} & WHY.keys() - self.explained
        waits = QUIET_AGAIN_SECONDS if self.waited_for == slow.keys() else SLOW_SECONDS
        if not slow or (not new and now - self.last_line < waits):
            return
        self.waited_for = set(slow)
        self.explained |= new
        named = [f"{address} ({seconds:.0f} s)" for address, seconds in slow.items()]
        yield from self._said(now, f"{self.total - self.done} left; at work: {_some(named)}")
        yield from (f"        {kind}: {WHY[kind]}" for kind in sorted(new))

    def _what(self) -> str:
        by_verb: dict[str, list[str]] = {}
        for verb, address in self.since_told:
            by_verb.setdefault(verb, []).append(address)
        return "; ".join(f"{verb}: {_some(addresses)}" for verb, addresses in by_verb.items())

    def _said(self, now: float, text: str) -> Iterator[str]:
        self.last_line = now
        yield f"{now - (self.began or now):4.0f} s  {text}"


def _some(items: list[str]) -> str:
    more = len(items) - NAMED
    return ", ".join(items[:NAMED]) + (f" and {more} more" if more > 0 else "")


def diagnostic(event: Event) -> str:
    """A warning or an error, whole, laid out as Terraform does."""
    said = event["diagnostic"]
    parts = [f"{str(said['severity']).capitalize()}: {said['summary']}"]
    where = []
    if said.get("address"):
        where.append(f"  with {said['address']},")
    if source := said.get("range"):
        snippet = said.get("snippet") or {}
        place = f", in {snippet['context']}" if snippet.get("context") else ""
        where.append(f"  on {source['filename']} line {source['start']['line']}{place}")
        where += [f"    {snippet['start_line']}: {snippet['code'].strip()}"] if snippet.get("code") else []
        where += [f"      {value['traversal']} {value['statement']}" for value in snippet.get("values") or []]
    if where:
        parts.append("\n".join(where))
    if said.get("detail"):
        parts.append(said["detail"])
    return "\n\n".join(parts)
