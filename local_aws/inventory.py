"""What exists in an account, asked of AWS's own API: nothing is taken from Terraform's state."""

from typing import Any

import boto3

# service, operation (paginated where the SDK can), list in the answer, name in its entries
KINDS = (
    ("s3", "list_buckets", "Buckets", "Name"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("sagemaker", "list_notebook_instances", "NotebookInstances", "NotebookInstanceName"),
    (
        "sagemaker",
        "list_notebook_instance_lifecycle_configs",
        "NotebookInstanceLifecycleConfigs",
        "NotebookInstanceLifecycleConfigName",
    ),
    ("sagemaker", "list_models", "Models", "ModelName"),
    ("sagemaker", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
    ("sagemaker", "list_endpoints", "Endpoints", "EndpointName"),
)


def inventory(session: boto3.Session, endpoint_url: str) -> list[str]:
    """`service list: name` of everything of the kinds that the platform makes."""
    found = []
    for service, operation, collection, name in KINDS:
        client: Any = session.client(service, endpoint_url=endpoint_url)
        pages = (
            client.get_paginator(operation).paginate()
            if client.can_paginate(operation)
            else [getattr(client, operation)()]
        )
        found += [f"{service} {collection}: {entry[name]}" for page in pages for entry in page.get(collection, [])]
    return found
