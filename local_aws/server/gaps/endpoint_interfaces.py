"""Gap: moto's endpoints in a VPC have no network interfaces, and it lets a subnet or group go that one is in,
and a group that the rule of another names.

SageMaker puts them into the models' subnets, and frees them some time after the instances are gone; for that it needs
the models' role and its right to: without it they stay.
https://docs.aws.amazon.com/sagemaker/latest/dg/host-vpc.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html
"""

import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend, ec2_backends
from moto.iam.models import iam_backends
from moto.sagemaker.responses import SageMakerResponse

from local_aws.server.failures import played

# AWS documents no text for those of endpoints; those of notebooks and of Studio read so.
DESCRIPTION = "[DO NOT DELETE] ENI managed by SageMaker for endpoint "


def fill() -> None:
    delete_subnet, delete_group = EC2Backend.delete_subnet, EC2Backend.delete_security_group
    delete_endpoint = SageMakerResponse.delete_endpoint

    def delete_unused_subnet(backend: EC2Backend, subnet_id: str) -> Any:  # noqa: ANN401 - moto's
        _refuse(f"The subnet '{subnet_id}'", [eni.id for eni in backend.enis.values() if eni.subnet.id == subnet_id])
        return delete_subnet(backend, subnet_id)

    def delete_unused_group(backend: EC2Backend, name: str | None = None, group_id: str | None = None) -> None:
        using = [eni.id for eni in backend.enis.values() if group_id in [group.id for group in eni.group_set]]
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
        using += [other.id for other in _groups(backend) if other.id != group_id and group_id in _named_by(other)]
        _refuse(f"resource {group_id}", using)
        delete_group(backend, name, group_id)

    def delete_endpoint_and_its_interfaces(call: SageMakerResponse) -> ActionResult:
        name = json.loads(call.body)["EndpointName"]
        roles = _roles(call, call.sagemaker_backend.endpoints.get(name))
        answer: ActionResult = delete_endpoint(call)
        release(call, name, roles)
        return answer

    EC2Backend.delete_subnet = delete_unused_subnet
    EC2Backend.delete_security_group = delete_unused_group
    SageMakerResponse.delete_endpoint = delete_endpoint_and_its_interfaces


def _groups(backend: EC2Backend) -> list[Any]:
    return [group for of_vpc in backend.groups.values() for group in of_vpc.values()]


def _named_by(group: Any) -> set[str]:  # noqa: ANN401 - moto's
    """The groups that its rules name."""
    rules = [*group.ingress_rules, *group.egress_rules]
    return {rule.source_group.get("GroupId", "") for rule in rules}


def place(call: SageMakerResponse, endpoint_name: str, configuration: Mapping[str, Any]) -> None:
    """One for each instance of a configuration whose models are in a VPC, in turn in their subnets."""
    backend = ec2_backends[call.current_account][call.region]
    for variant, model in _hosted(call, configuration):
        if "VpcConfig" not in model:
            continue
        subnets = itertools.cycle(model["VpcConfig"]["Subnets"])
        for _ in range(variant.get("InitialInstanceCount", 0)):
            backend.create_network_interface(
                backend.get_subnet(next(subnets)),
                private_ip_address=[],
                group_ids=model["VpcConfig"]["SecurityGroupIds"],
                description=f"{DESCRIPTION}{endpoint_name}/{configuration['EndpointConfigName']}",
            )


def release(call: SageMakerResponse, endpoint_name: str, roles: set[str], *, but: str = "") -> None:
    """Those of the endpoint's other configurations than `but`, once the time that is played is over."""
    account_id, backend = call.current_account, ec2_backends[call.current_account][call.region]
    prefix = f"{DESCRIPTION}{endpoint_name}/"
    old = [
        eni.id
        for eni in backend.enis.values()
        if (eni.description or "").startswith(prefix) and eni.description != f"{prefix}{but}"
    ]

    def free() -> None:
        able = {
            role.arn
            for role in iam_backends[account_id]["aws"].roles.values()
            if any("ec2:DeleteNetworkInterface" in document for document in role.policies.values())
        }
        if roles <= able:
            for eni_id in old:
                backend.enis.pop(eni_id, None)

    seconds = played(call.headers).lingering_seconds
    if seconds == 0:
        free()
    elif old:
        timer = threading.Timer(seconds, free)
        timer.daemon = True
        timer.start()


def roles_of(call: SageMakerResponse, configuration: Mapping[str, Any]) -> set[str]:
    return {model["ExecutionRoleArn"] for _, model in _hosted(call, configuration)}


def _roles(call: SageMakerResponse, endpoint: Any) -> set[str]:  # noqa: ANN401 - moto's
    configurations = call.sagemaker_backend.endpoint_configs
    if endpoint is None or endpoint.endpoint_config_name not in configurations:
        return set()
    return roles_of(call, configurations[endpoint.endpoint_config_name].request)


def _hosted(
    call: SageMakerResponse, configuration: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each variant with its model, as both were asked for."""
    for variant in [*configuration["ProductionVariants"], *configuration.get("ShadowProductionVariants", [])]:
        model = call.sagemaker_backend._models.get(variant["ModelName"])
        if model is not None:
            yield variant, model.request


def _refuse(what: str, interfaces: list[str]) -> None:
    if interfaces:
        raise DependencyViolationError(f"{what} has dependencies and cannot be deleted: {', '.join(interfaces)}")
