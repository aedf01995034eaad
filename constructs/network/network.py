"""The network that notebooks, training jobs and models run in."""

from collections.abc import Sequence

from constructs import Construct

from constructs.account import Account
from constructs.log_storage import LogStorage
from constructs.network.network_flow_log import NetworkFlowLog
from constructs.network.placement import Placement
from constructs.network.private_network import PrivateNetwork
from settings.names import Names
from settings.network import ExistingNetworkSettings, NetworkSettings


class Network(Construct):
    """`placement` is in a new, private and logged network, in one that exists, or, as None, in SageMaker's own;
    `training_placement` lets the instances of a training job talk to each other besides; `outputs` has both.
    `has_users`: people are to work there, in a notebook instance or in Studio. `storage` is that of the flow log."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        network: NetworkSettings | None,
        has_users: bool,
        storage: LogStorage,
    ) -> None:
        super().__init__(scope, construct_id)
        self.placement: Placement | None = None
        self.training_placement: Placement | None = None
        if isinstance(network, ExistingNetworkSettings):
            self.placement = self.training_placement = Placement(
                subnet_ids=network.subnet_ids,
                security_group_ids=network.security_group_ids,
                shared=True,
                vpc_id=None,
            )
        elif network is not None:
            made = PrivateNetwork(
                self,
                "network",
                names=names,
                network=network,
                interface_endpoints=network.interface_endpoints or has_users,
            )
            NetworkFlowLog(
                self,
                "flow_log",
                account=account,
                names=names,
                vpc_id=made.vpc_id,
                storage=storage,
            )
            self.placement, self.training_placement = made.placement, made.training_placement
        self.outputs: dict[str, Sequence[str]] = {}
        if self.placement is not None and self.training_placement is not None:
            self.outputs = {
                "subnet_ids": self.placement.subnet_ids,
                "security_group_ids": self.placement.security_group_ids,
                "training_security_group_ids": self.training_placement.security_group_ids,
            }
