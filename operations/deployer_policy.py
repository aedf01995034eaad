"""The IAM policy of who deploys an environment: `make deployer-policy ENV=prod` prints it.

It is enough for preflight, deploy, verify, invoke, update, recover and destroy of this environment with its settings of
today, for its notebook's URL and restart, and for its state's bucket. After a change of the settings print it again;
where they take something away, keep the old one until that deploy is done.

Each resource is as narrow as AWS lets it be: https://docs.aws.amazon.com/service-authorization/latest/reference/. What
AWS names itself, keys and networks, is told by the tags that it is made with. A key's tags may count minutes late
(https://docs.aws.amazon.com/kms/latest/developerguide/abac.html), so that what sets a key up is allowed on every key of
the region, and only what could destroy one asks for its tags. Whoever writes the policies of the platform's roles and
passes them can, in the end, do what these may be written to allow: give it to whom you would trust with the account.
"""

import functools
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import botocore.session

from operations import command_line
from operations.caller import speaks_to
from settings.endpoint import ServerlessEndpointSettings
from settings.environment import EnvironmentSettings
from settings.limits import ENDPOINTS_PER_PAGE
from settings.names import ACCOUNT_WIDE_LOG_GROUPS, STUDIO, further_policy
from settings.network import ExistingNetworkSettings, NewNetworkSettings
from settings.received_models import share_account, sources
from settings.trained_artifact import TRAINING_OUTPUT
from stacks.environments import read_environments

# Of a managed policy, white space not counted: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
POLICY_MAX_CHARACTERS = 6144
SAGEMAKER, FLOW_LOGS, SCHEDULER = "sagemaker.amazonaws.com", "vpc-flow-logs.amazonaws.com", "scheduler.amazonaws.com"
SAGEMAKERS_TAG = "ManagedByAmazonSageMakerResource"
PASSED_TO = {SAGEMAKER: "SageMaker", FLOW_LOGS: "FlowLogs", SCHEDULER: "Scheduler"}
# What Terraform asks of a bucket, and what constructs/storage/private_bucket.py sets. The three without "Bucket" at the
# end are for its tags: https://github.com/hashicorp/terraform-provider-aws/pull/45251
BUCKET = (
    "CreateBucket",
    "DeleteBucketPolicy",
    "GetAccelerateConfiguration",
    "GetBucketAcl",
    "GetBucketCORS",
    "GetBucketLocation",
    "GetBucketLogging",
    "GetBucketObjectLockConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPublicAccessBlock",
    "GetBucketRequestPayment",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetEncryptionConfiguration",
    "GetLifecycleConfiguration",
    "GetReplicationConfiguration",
    "ListBucket",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutEncryptionConfiguration",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Allows `actions` on `resources`; `conditions` maps (operator, key) to the values allowed.

    Every action is one that AWS checks against every kind of resource of its statement.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)

    def in_parts(self) -> Sequence["Statement"]:
        """Each with as many of the resources as one policy can hold."""
        if _characters([self.json]) <= POLICY_MAX_CHARACTERS:
            return [self]
        half = len(self.resources) // 2
        halves = [replace(self, sid=f"{self.sid}{part}") for part in ("A", "B")]
        resources = (self.resources[:half], self.resources[half:])
        return [
            part
            for statement, some in zip(halves, resources, strict=True)
            for part in replace(statement, resources=some).in_parts()
        ]

    @property
    def json(self) -> dict[str, Any]:
        made: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": [*self.actions],
            "Resource": [*self.resources],
        }
        for (operator, key), values in self.conditions.items():
            made.setdefault("Condition", {}).setdefault(operator, {})[key] = [*values]
        return made


@dataclass(frozen=True, kw_only=True)
class DeployerPolicy:
    """Of one environment in one account."""

    settings: EnvironmentSettings
    account_id: str
    sources: Sequence[EnvironmentSettings] = ()  # whose models it may get

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        """By the name to give it. More than one where AWS would find one too long."""
        parts: list[list[dict[str, Any]]] = [[]]
        for statement in [part for whole in self.statements for part in whole.in_parts()]:
            if _characters([*parts[-1], statement.json]) > POLICY_MAX_CHARACTERS:
                parts.append([])
            parts[-1].append(statement.json)
        name = f"{self.settings.names.prefix}-deployer"
        names = [name] if len(parts) == 1 else [f"{name}-{number}" for number, _ in enumerate(parts, start=1)]
        return {name: _document(part) for name, part in zip(names, parts, strict=True)}

    @property
    def statements(self) -> Sequence[Statement]:
        return [
            *self._questions(),
            *self._buckets(),
            *self._key(),
            *self._received(),
            *self._roles(),
            *self._logs_and_alarms(),
            *self._network(),
            *self._notebook(),
            *self._studio(),
            *self._training(),
            *self._serving(),
        ]

    def _questions(self) -> Iterator[Statement]:
        """What lists, and has no narrower resource; preflight's look at the caller; recover's at what is in use."""
        lists = [
            "kms:ListAliases",
            "kms:ListKeys",
            "logs:DescribeLogGroups",
            "sagemaker:ListEndpointConfigs",
            "sagemaker:ListEndpoints",
            "sagemaker:ListModels",
            "servicequotas:ListAWSDefaultServiceQuotas",
            "servicequotas:ListServiceQuotas",
        ]
        studio = () if self.settings.studio is None else ("ListApps", "ListDomains", "ListSpaces")
        lists += _of("sagemaker", studio)
        scaled = ("DescribeScalableTargets", "DescribeScalingPolicies") if self._scales else ()
        lists += [f"application-autoscaling:{action}" for action in scaled]
        lists += [f"ec2:Describe{what}" for what in self._described]
        lists += ["iam:ListPolicies"] if self._further else []
        lists += ["tag:GetResources"] if self.settings.notebook is not None else []
        yield Statement(sid="Lists", actions=lists, resources=["*"])
        yield Statement(
            sid="Caller",
            actions=["iam:SimulatePrincipalPolicy"],
            resources=[self._global("iam", "role/*"), self._global("iam", "user/*")],
        )
        yield Statement(sid="CallersRole", actions=["iam:GetRole"], resources=[self._global("iam", "role/*")])
        yield Statement(
            sid="EndpointsInUse",
            actions=["sagemaker:DescribeEndpoint"],
            resources=[self._arn("sagemaker", "endpoint/*")],
        )
        yield Statement(
            sid="ConfigurationsInUse",
            actions=["sagemaker:DescribeEndpointConfig"],
            resources=[self._arn("sagemaker", "endpoint-config/*")],
        )

    @property
    def _described(self) -> Sequence[str]:
        network = self.settings.network
        if network is None:
            return ()
        read = ("NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
        if isinstance(network, ExistingNetworkSettings):
            return read
        return (
            "AvailabilityZones",
            "FlowLogs",
            "NetworkAcls",
            "PrefixLists",
            "RouteTables",
            "SecurityGroupRules",
            "VpcEndpoints",
            *read,
        )

    def _buckets(self) -> Iterator[Statement]:
        data = f"arn:{self._partition}:s3:::{self.settings.names.bucket(self.account_id)}"
        yield Statement(
            sid="DataBucket",
            actions=_of("s3", [*BUCKET, "DeleteBucket", "ListBucketVersions", "PutLifecycleConfiguration"]),
            resources=[data],
        )
        yield Statement(
            sid="DataObjects",
            actions=_of(
                "s3",
                (
                    "AbortMultipartUpload",
                    "DeleteObject",
                    "DeleteObjectVersion",
                    "GetObject",
                    "GetObjectTagging",
                    "ListMultipartUploadParts",
                    "PutObject",
                    "PutObjectTagging",
                ),
            ),
            resources=[f"{data}/*"],
        )
        if self.settings.state_bucket is not None:
            state = f"arn:{self._partition}:s3:::{self.settings.state_bucket}"
            yield Statement(sid="StateBucket", actions=_of("s3", BUCKET), resources=[state])
            # https://developer.hashicorp.com/terraform/language/backend/s3#permissions-required
            key = f"{state}/{self.settings.names.state_key}"
            yield Statement(sid="State", actions=_of("s3", ("GetObject", "PutObject")), resources=[key])
            yield Statement(
                sid="StateLock",
                actions=_of("s3", ("DeleteObject", "GetObject", "PutObject")),
                resources=[f"{key}.tflock"],
            )

    def _key(self) -> Iterator[Statement]:
        if self.settings.encryption_key is None:
            return
        keys, alias = self._arn("kms", "key/*"), self._arn("kms", self.settings.names.key_alias)
        yield Statement(sid="NewKey", actions=["kms:CreateKey"], resources=["*"], conditions=self._made_with_tags)
        yield Statement(
            sid="Keys",
            actions=_of(
                "kms",
                (
                    "DescribeKey",
                    "EnableKeyRotation",
                    "GetKeyPolicy",
                    "GetKeyRotationStatus",
                    "ListResourceTags",
                    "TagResource",
                ),
            ),
            resources=[keys],
        )
        yield Statement(
            sid="OwnKey",
            actions=_of("kms", ("PutKeyPolicy", "ScheduleKeyDeletion", "UntagResource", "UpdateKeyDescription")),
            resources=[keys],
            conditions=self._has_tags,
        )
        yield Statement(
            sid="KeyAlias", actions=_of("kms", ("CreateAlias", "DeleteAlias", "UpdateAlias")), resources=[alias, keys]
        )
        # What S3 and SageMaker do with the key for the caller: constructs/access/encryption_key.py has the other half.
        homes = () if self.settings.studio is None else ("elasticfilesystem",)
        services = [f"{service}.{self.settings.region}.amazonaws.com" for service in ("s3", "sagemaker", *homes)]
        # For Studio: https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
        for_homes = ("GenerateDataKeyWithoutPlaintext",) if homes else ()
        yield Statement(
            sid="KeyThroughServices",
            actions=_of("kms", ("Decrypt", "Encrypt", "GenerateDataKey", *for_homes)),
            resources=[keys],
            conditions={("StringEquals", "kms:ViaService"): services},
        )
        # https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
        yield Statement(
            sid="KeyGrants",
            actions=["kms:CreateGrant"],
            resources=[keys],
            conditions={
                ("StringEquals", "kms:ViaService"): services[1:],
                ("Bool", "kms:GrantIsForAWSResource"): ["true"],
            },
        )

    def _received(self) -> Iterator[Statement]:
        """What copies the models that were trained elsewhere: the other half is in that bucket's and that key's policy.

        Of a source whose account no setting gives, nothing can be named, and nothing copied.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
        https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
        """
        accounts = {
            source.name: self.account_id if share_account(source, self.settings) else source.account_id
            for source in self.sources
        }
        known = [(source, account_id) for source in self.sources if (account_id := accounts[source.name]) is not None]
        objects = [
            f"arn:{self._partition}:s3:::{source.names.bucket(account_id)}/{TRAINING_OUTPUT}*"
            for source, account_id in known
        ]
        with_key = [(source, account_id) for source, account_id in known if source.encryption_key is not None]
        keys = [f"arn:{self._partition}:kms:{source.region}:{account_id}:key/*" for source, account_id in with_key]
        if objects:
            yield Statement(sid="ReceivedModels", actions=["s3:GetObject"], resources=objects)
        if keys:
            services = sorted({f"s3.{source.region}.amazonaws.com" for source, _ in with_key})
            yield Statement(
                sid="KeysOfReceivedModels",
                actions=["kms:Decrypt"],
                resources=[*dict.fromkeys(keys)],
                conditions={("StringEquals", "kms:ViaService"): services},
            )

    def _roles(self) -> Iterator[Statement]:
        names, new_network = self.settings.names, isinstance(self.settings.network, NewNetworkSettings)
        notebook = [names.notebook_role] if self._has_users else []
        flow_log = [names.flow_log_role] if new_network else []
        pipeline = [names.pipeline_role] if self.settings.trainings else []
        scheduler = [names.scheduler_role] if self._scheduled else []
        roles = [*notebook, names.training_role, *pipeline, *scheduler, names.hosting_role, *flow_log]
        yield Statement(
            sid="Roles",
            actions=_of(
                "iam",
                (
                    "CreateRole",
                    "DeleteRole",
                    "DeleteRolePolicy",
                    "GetRolePolicy",
                    "ListAttachedRolePolicies",
                    "ListInstanceProfilesForRole",
                    "ListRolePolicies",
                    "PutRolePolicy",
                    "TagRole",
                    "UntagRole",
                    "UpdateAssumeRolePolicy",
                ),
            ),
            resources=self._role_arns(roles),
        )
        to_sagemaker = [*notebook, *pipeline, names.hosting_role]
        for service, passed in ((SAGEMAKER, to_sagemaker), (FLOW_LOGS, flow_log), (SCHEDULER, scheduler)):
            if passed:
                yield Statement(
                    sid=f"PassTo{PASSED_TO[service]}",
                    actions=["iam:PassRole"],
                    resources=self._role_arns(passed),
                    conditions={("StringEquals", "iam:PassedToService"): [service]},
                )
        yield from self._further_policies()
        if self.settings.sagemaker_full_access:
            full_access = f"arn:{self._partition}:iam::aws:policy/AmazonSageMakerFullAccess"
            yield Statement(
                sid="FullAccess",
                actions=_of("iam", ("AttachRolePolicy", "DetachRolePolicy")),
                resources=self._role_arns(notebook),
                conditions={("ArnEquals", "iam:PolicyARN"): [full_access]},
            )

    def _further_policies(self) -> Iterator[Statement]:
        """Of the roles that name more endpoints than fit into one policy, and of the users of Studio."""
        roles = self._further
        if not roles:
            return
        policies = [self._global("iam", f"policy/{further_policy(role, '*')}") for role in roles]
        yield Statement(
            sid="Policies",
            actions=_of(
                "iam",
                (
                    "CreatePolicy",
                    "CreatePolicyVersion",
                    "DeletePolicy",
                    "DeletePolicyVersion",
                    "GetPolicy",
                    "GetPolicyVersion",
                    "ListPolicyVersions",
                    "TagPolicy",
                    "UntagPolicy",
                ),
            ),
            resources=policies,
        )
        yield Statement(
            sid="AttachPolicies",
            actions=_of("iam", ("AttachRolePolicy", "DetachRolePolicy")),
            resources=self._role_arns(roles),
            conditions={("ArnLike", "iam:PolicyARN"): policies},
        )

    @property
    def _further(self) -> Sequence[str]:
        """The roles with managed policies of their own."""
        names, many = self.settings.names, len(self.settings.names.endpoint_groups) > 1
        hosting = [names.hosting_role] if many else []
        users = [names.notebook_role] if self._has_users and (many or self.settings.studio is not None) else []
        return hosting + users

    @property
    def _has_users(self) -> bool:
        return self.settings.notebook is not None or self.settings.studio is not None

    def _logs_and_alarms(self) -> Iterator[Statement]:
        names = self.settings.names
        groups = [
            *(ACCOUNT_WIDE_LOG_GROUPS if self.settings.logs.owns_account_wide else ()),
            *([STUDIO] if self.settings.logs.owns_account_wide and self.settings.studio is not None else []),
            *names.endpoint_log_groups,
            *([names.flow_log_group] if isinstance(self.settings.network, NewNetworkSettings) else []),
        ]
        log_groups = [self._arn("logs", f"log-group:{name}") for name in groups]
        yield Statement(
            sid="LogGroups",
            actions=_of(
                "logs",
                (
                    "AssociateKmsKey",
                    "CreateLogGroup",
                    "DeleteLogGroup",
                    "DeleteRetentionPolicy",
                    "DisassociateKmsKey",
                    "ListTagsForResource",
                    "PutRetentionPolicy",
                    "TagResource",
                    "UntagResource",
                ),
            ),
            # Both ways: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
            resources=[*log_groups, *(f"{arn}:*" for arn in log_groups)],
        )
        topic = self._arn("sns", names.alarm_topic)
        yield Statement(
            sid="AlarmTopic",
            actions=_of(
                "sns",
                (
                    "CreateTopic",
                    "DeleteTopic",
                    "GetSubscriptionAttributes",
                    "GetTopicAttributes",
                    "ListTagsForResource",
                    "SetSubscriptionAttributes",
                    "SetTopicAttributes",
                    "Subscribe",
                    "TagResource",
                    "Unsubscribe",
                    "UntagResource",
                ),
            ),
            resources=[topic, f"{topic}:*"],
        )
        alarms = [self._arn("cloudwatch", f"alarm:{names.every_alarm}")]
        if self._scales:  # target tracking makes alarms of its own, in the caller's name
            alarms += [
                self._arn("cloudwatch", f"alarm:TargetTracking-endpoint/{endpoint.name}/*")
                for endpoint in names.endpoints.values()
            ]
        yield Statement(
            sid="Alarms",
            actions=_of(
                "cloudwatch",
                (
                    "DeleteAlarms",
                    "DescribeAlarms",
                    "ListTagsForResource",
                    "PutMetricAlarm",
                    "TagResource",
                    "UntagResource",
                ),
            ),
            resources=alarms,
        )
        yield Statement(
            sid="Dashboard",
            actions=_of("cloudwatch", ("DeleteDashboards", "GetDashboard", "PutDashboard")),
            resources=[self._global("cloudwatch", f"dashboard/{names.dashboard(page)}") for page in self._pages],
        )

    @property
    def _pages(self) -> range:
        """Of the dashboard."""
        return range(1, math.ceil(len(self.settings.endpoints) / ENDPOINTS_PER_PAGE) + 1)

    def _network(self) -> Iterator[Statement]:
        """A statement for each kind of resource that a call makes, and one for those that it makes it in."""
        if not isinstance(self.settings.network, NewNetworkSettings):
            return
        made = {
            "Vpc": ("vpc", ["CreateVpc"]),
            "Subnet": ("subnet", ["CreateSubnet"]),
            "SecurityGroup": ("security-group", ["CreateSecurityGroup"]),
            "VpcEndpoint": ("vpc-endpoint", ["CreateVpcEndpoint"]),
            "FlowLog": ("vpc-flow-log", ["CreateFlowLogs"]),
        }
        changed = {
            "Vpc": [
                "CreateFlowLogs",
                "CreateSecurityGroup",
                "CreateSubnet",
                "CreateVpcEndpoint",
                "DeleteVpc",
                "DescribeVpcAttribute",
                "ModifyVpcAttribute",
            ],
            "Subnet": ["CreateVpcEndpoint", "DeleteSubnet", "ModifyVpcEndpoint"],
            "SecurityGroup": [
                "AuthorizeSecurityGroupEgress",
                "AuthorizeSecurityGroupIngress",
                "CreateVpcEndpoint",
                "DeleteSecurityGroup",
                "ModifyVpcEndpoint",
            ],
            "VpcEndpoint": ["DeleteVpcEndpoints", "ModifyVpcEndpoint"],
            "FlowLog": ["DeleteFlowLogs"],
        }
        for kind, (resource, actions) in made.items():
            arns, tags = [self._arn("ec2", f"{resource}/*")], ["CreateTags", "DeleteTags"]
            yield Statement(
                sid=f"New{kind}",
                actions=_of("ec2", [*actions, "CreateTags"]),
                resources=arns,
                conditions=self._made_with_tags,
            )
            yield Statement(
                sid=f"Own{kind}",
                actions=_of("ec2", sorted([*changed[kind], *tags])),
                resources=arns,
                conditions=self._has_tags,
            )
        # Neither has our tags when it is asked: the VPC's default security group, which is closed, and its main table.
        yield Statement(
            sid="CloseSecurityGroups",
            actions=_of("ec2", ("RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress")),
            resources=[self._arn("ec2", "security-group/*")],
        )
        yield Statement(
            sid="MainRouteTable",
            actions=_of("ec2", ("CreateVpcEndpoint", "ModifyVpcEndpoint")),
            resources=[self._arn("ec2", "route-table/*")],
        )
        # For an endpoint's private names, which are in a hosted zone of AWS's own. Named with ec2:CreateVpcEndpoint in
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
        yield Statement(
            sid="PrivateNames",
            actions=["route53:AssociateVPCWithHostedZone"],
            resources=[f"arn:{self._partition}:route53:::hostedzone/*"],
        )

    def _notebook(self) -> Iterator[Statement]:
        name = self.settings.names.notebook
        if self.settings.notebook is None:
            return
        tags = ("AddTags", "DeleteTags", "ListTags")
        for kind, resource, other in (
            (
                "NotebookInstance",
                "notebook-instance",
                ("CreatePresignedNotebookInstanceUrl", "StartNotebookInstance", "StopNotebookInstance"),
            ),
            ("NotebookInstanceLifecycleConfig", "notebook-instance-lifecycle-config", ()),
        ):
            own = (f"{verb}{kind}" for verb in ("Create", "Delete", "Describe", "Update"))
            yield Statement(
                sid=kind,
                actions=_of("sagemaker", (*own, *other, *tags)),
                resources=[self._arn("sagemaker", f"{resource}/{name}")],
            )
        network = self.settings.network
        if network is None:
            return
        # https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
        yield Statement(
            sid="NotebookInterface",
            actions=_of("ec2", ("CreateNetworkInterface", "DeleteNetworkInterface")),
            resources=[self._arn("ec2", "network-interface/*")],
        )
        existing = isinstance(network, ExistingNetworkSettings)
        places = (
            [f"subnet/{network.subnet_ids[0]}", *(f"security-group/{name}" for name in network.security_group_ids)]
            if isinstance(network, ExistingNetworkSettings)
            else ["subnet/*", "security-group/*"]
        )
        yield Statement(
            sid="NotebookPlace",
            actions=["ec2:CreateNetworkInterface"],
            resources=[self._arn("ec2", place) for place in places],
            conditions={} if existing else self._has_tags,
        )

    def _studio(self) -> Iterator[Statement]:
        """AWS gives a domain its id, by which all is named that is in it: the tags tell whose it is.

        https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
        https://docs.aws.amazon.com/sagemaker/latest/dg/security_iam_service-with-iam.html
        """
        studio = self.settings.studio
        if studio is None:
            return
        profiles = [self._arn("sagemaker", f"user-profile/*/{name}") for name in studio.user_profiles]
        for kind, resources in (("Domain", [self._arn("sagemaker", "domain/*")]), ("UserProfile", profiles)):
            yield Statement(
                sid=f"NewStudio{kind}",
                actions=_of("sagemaker", (f"Create{kind}", "AddTags")),
                resources=resources,
                conditions=self._made_with_tags,
            )
            own = (f"{verb}{kind}" for verb in ("Delete", "Describe", "Update"))
            yield Statement(
                sid=f"OwnStudio{kind}",
                actions=_of("sagemaker", (*own, "AddTags", "DeleteTags", "ListTags")),
                resources=resources,
                conditions=self._has_tags,
            )
        scripts = (f"{verb}StudioLifecycleConfig" for verb in ("Create", "Delete", "Describe"))
        yield Statement(
            sid="StudioScripts",
            actions=_of("sagemaker", (*scripts, "AddTags", "DeleteTags", "ListTags")),
            resources=[self._arn("sagemaker", f"studio-lifecycle-config/{self.settings.names.prefix}-*")],
        )
        yield Statement(
            sid="StudioApps", actions=["sagemaker:DescribeApp"], resources=[self._arn("sagemaker", "app/*")]
        )
        # What make destroy tells to delete first; a space that users share is an administrator's to delete.
        for kind in ("App", "Space"):
            yield Statement(
                sid=f"Studio{kind}InTheWay",
                actions=[f"sagemaker:Delete{kind}"],
                resources=[self._arn("sagemaker", f"{kind.lower()}/*")],
                conditions={("ArnLike", "sagemaker:OwnerUserProfileArn"): profiles},
            )
        service, role = "sagemaker.amazonaws.com", "AWSServiceRoleForAmazonSageMakerNotebooks"
        yield Statement(
            sid="StudioRole",
            actions=["iam:CreateServiceLinkedRole"],
            resources=[self._global("iam", f"role/aws-service-role/{service}/{role}")],
            conditions={("StringLike", "iam:AWSServiceName"): [service]},
        )
        if self.settings.encryption_key is not None:
            yield Statement(
                sid="StudioHomes",
                actions=["elasticfilesystem:CreateFileSystem"],
                resources=["*"],
                conditions=self._of_studio("aws:RequestTag"),
            )
        if isinstance(self.settings.network, NewNetworkSettings) and self.settings.rollback_guard:
            yield from self._left_of_studio()

    def _left_of_studio(self) -> Iterator[Statement]:
        """What operations/release_studio_network.py takes out of the network."""
        file_systems = [self._arn("elasticfilesystem", "file-system/*")]
        yield Statement(
            sid="StudioFileSystems",
            actions=_of("elasticfilesystem", ("DescribeFileSystems", "DescribeMountTargets")),
            resources=file_systems,
        )
        # https://docs.aws.amazon.com/efs/latest/ug/API_DeleteMountTarget.html
        yield Statement(
            sid="StudioMountTargets",
            actions=["elasticfilesystem:DeleteMountTarget"],
            resources=file_systems,
            conditions=self._of_studio("aws:ResourceTag"),
        )
        yield Statement(
            sid="StudioInterfaces",
            actions=["ec2:DeleteNetworkInterface"],
            resources=[self._arn("ec2", "network-interface/*")],
        )
        yield Statement(
            sid="StudioSecurityGroups",
            actions=["ec2:DeleteSecurityGroup"],
            resources=[self._arn("ec2", "security-group/*")],
            conditions=self._of_studio("aws:ResourceTag"),
        )

    def _of_studio(self, kind: str) -> Mapping[tuple[str, str], Sequence[str]]:
        """The tag of what SageMaker makes for a domain: the domain's ARN."""
        return {("StringLike", f"{kind}/{SAGEMAKERS_TAG}"): [self._arn("sagemaker", "domain/*")]}

    def _training(self) -> Iterator[Statement]:
        """What trains, judges and registers; to run it, and to approve of what it registers, is another's right."""
        named = [self.settings.names.training(training.name) for training in self.settings.trainings]
        if not named:
            return
        tags = ("AddTags", "DeleteTags", "ListTags")
        yield Statement(
            sid="Pipelines",
            actions=_of(
                "sagemaker",
                (
                    *(
                        "CreatePipeline",
                        "DeletePipeline",
                        "DescribePipeline",
                        "ListPipelineExecutions",
                        "UpdatePipeline",
                    ),
                    *tags,
                ),
            ),
            resources=[self._arn("sagemaker", f"pipeline/{name}") for name in named],
        )
        group = (f"{verb}ModelPackageGroup" for verb in ("Create", "Delete", "Describe"))
        yield Statement(
            sid="ModelGroups",
            actions=_of("sagemaker", (*group, *tags)),
            resources=[self._arn("sagemaker", f"model-package-group/{name}") for name in named],
        )
        # With a group's name, it is its versions that are asked for:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-version-xaccount.html
        deletes = ("DeleteModelPackage",) if self.settings.deletes_models else ()
        yield Statement(
            sid="RegisteredModels",
            actions=_of("sagemaker", (*deletes, "ListModelPackages")),
            resources=[self._arn("sagemaker", f"model-package/{name}/*") for name in named],
        )
        if self._scheduled:
            yield Statement(
                sid="Schedules",
                actions=_of("scheduler", ("CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule")),
                resources=[self._arn("scheduler", f"schedule/default/{name}") for name in self._scheduled],
            )

    @property
    def _scheduled(self) -> Sequence[str]:
        """The schedules, by name."""
        scheduled = [training.name for training in self.settings.trainings if training.schedule is not None]
        return [self.settings.names.training(name) for name in scheduled]

    def _serving(self) -> Iterator[Statement]:
        names = self.settings.names
        endpoints = [self._arn("sagemaker", f"endpoint/{item.name}") for item in names.endpoints.values()]
        configurations = [
            self._arn("sagemaker", f"endpoint-config/{item.configuration_prefix}*") for item in names.endpoints.values()
        ]
        tags = ("AddTags", "DeleteTags", "ListTags")
        yield Statement(
            sid="Models",
            actions=_of("sagemaker", ("CreateModel", "DeleteModel", "DescribeModel", *tags)),
            resources=[self._arn("sagemaker", f"model/{names.prefix}-*")],
        )
        yield Statement(
            sid="Configurations",
            actions=_of("sagemaker", ("CreateEndpointConfig", "DeleteEndpointConfig")),
            resources=configurations,
        )
        yield Statement(
            sid="EndpointsWithConfigurations",
            actions=_of("sagemaker", ("CreateEndpoint", "UpdateEndpoint", *tags)),
            resources=[*endpoints, *configurations],
        )
        scaled = ("UpdateEndpointWeightsAndCapacities",) if self._scales else ()
        yield Statement(
            sid="Endpoints",
            actions=_of("sagemaker", ("DeleteEndpoint", "InvokeEndpoint", *scaled)),
            resources=endpoints,
        )
        if not self._scales:
            return
        targets = [self._arn("application-autoscaling", "scalable-target/*")]
        yield Statement(
            sid="Scaling",
            actions=_of(
                "application-autoscaling",
                ("DeleteScalingPolicy", "DeregisterScalableTarget", "PutScalingPolicy", "RegisterScalableTarget"),
            ),
            resources=targets,
            conditions={("StringEquals", "application-autoscaling:service-namespace"): ["sagemaker"]},
        )
        yield Statement(
            sid="ScalingTags",
            actions=_of("application-autoscaling", ("ListTagsForResource", "TagResource", "UntagResource")),
            resources=targets,
        )
        # https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
        service = "sagemaker.application-autoscaling.amazonaws.com"
        role = f"role/aws-service-role/{service}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        yield Statement(
            sid="ScalingRole",
            actions=["iam:CreateServiceLinkedRole"],
            resources=[self._global("iam", role)],
            conditions={("StringLike", "iam:AWSServiceName"): [service]},
        )

    @property
    def _scales(self) -> bool:
        return any(
            endpoint.scaling is not None
            if isinstance(endpoint, ServerlessEndpointSettings)
            else any(variant.scaling is not None for variant in endpoint.variants.values())
            for endpoint in self.settings.endpoints
        )

    @property
    def _tags(self) -> dict[str, str]:
        """Those of stacks/aws_stack.py that tell environments apart."""
        return {"Project": self.settings.project, "Environment": self.settings.name}

    @property
    def _made_with_tags(self) -> Mapping[tuple[str, str], Sequence[str]]:
        return {("StringEquals", f"aws:RequestTag/{key}"): [value] for key, value in self._tags.items()}

    @property
    def _has_tags(self) -> Mapping[tuple[str, str], Sequence[str]]:
        return {("StringEquals", f"aws:ResourceTag/{key}"): [value] for key, value in self._tags.items()}

    @property
    def _partition(self) -> str:
        return _partition_of(self.settings.region)

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{self._partition}:{service}:{self.settings.region}:{self.account_id}:{resource}"

    def _global(self, service: str, resource: str) -> str:
        return f"arn:{self._partition}:{service}::{self.account_id}:{resource}"

    def _role_arns(self, names: Iterable[str]) -> list[str]:
        return [self._global("iam", f"role/{name}") for name in names]


@functools.cache
def _partition_of(region: str) -> str:
    """Raises BotoCoreError for a region that the SDK does not know."""
    return str(botocore.session.get_session().get_partition_for_region(region))


def _of(service: str, actions: Iterable[str]) -> list[str]:
    return [f"{service}:{action}" for action in actions]


def _document(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [*statements]}


def _characters(statements: Sequence[Mapping[str, Any]]) -> int:
    return len(json.dumps(_document(statements), separators=(",", ":")))


def main() -> None:
    name = command_line.parser(__doc__).parse_args().environment
    with command_line.errors_as_lines(name):
        environments = {item.settings.name: item.settings for item in read_environments(os.environ)}
        settings, received = environments[name], [environments[source] for source in sources(environments, name)]
        account_id = settings.account_id
        if account_id is None:
            account_id = speaks_to(name, settings.region).account_id
        policy = DeployerPolicy(settings=settings, account_id=account_id, sources=received)
        print(json.dumps(policy.documents, indent=2))


if __name__ == "__main__":
    main()
