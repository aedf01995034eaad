"""What AWS's own service models, which botocore ships, say of a value: an oracle that knows nothing of our limits."""

import functools
import re
from typing import Any

import botocore.session

SESSION = botocore.session.get_session()


@functools.cache
def shape(service: str, name: str) -> Any:
    return SESSION.get_service_model(service).shape_for(name)


def refused(service: str, name: str, value: object) -> str | None:
    """Why the service would refuse the value; None if it would not."""
    of = shape(service, name)
    size = len(value) if isinstance(value, str) else value
    if "min" in of.metadata and size < of.metadata["min"]:
        return f"{name}: {value!r}: below {of.metadata['min']}"
    if "max" in of.metadata and size > of.metadata["max"]:
        return f"{name}: {value!r}: above {of.metadata['max']}"
    pattern = of.metadata.get("pattern", "")
    if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, str(value)):
        return f"{name}: {value!r}: not {pattern}"
    if getattr(of, "enum", None) and value not in of.enum:
        return f"{name}: {value!r}: none of the enumeration"
    return None


# Terraform's resource type and field (of the resource or of one of its variants) to the service's shape.
FIELDS = {
    ("aws_sagemaker_endpoint", "name"): ("sagemaker", "EndpointName"),
    ("aws_sagemaker_model", "name"): ("sagemaker", "ModelName"),
    ("aws_sagemaker_notebook_instance", "name"): ("sagemaker", "NotebookInstanceName"),
    ("aws_sagemaker_notebook_instance", "instance_type"): ("sagemaker", "InstanceType"),
    ("aws_sagemaker_notebook_instance", "default_code_repository"): ("sagemaker", "CodeRepositoryNameOrUrl"),
    ("aws_sagemaker_notebook_instance", "platform_identifier"): ("sagemaker", "PlatformIdentifier"),
    ("aws_sagemaker_notebook_instance", "volume_size"): ("sagemaker", "NotebookInstanceVolumeSizeInGB"),
    ("aws_sagemaker_notebook_instance_lifecycle_configuration", "name"): (
        "sagemaker",
        "NotebookInstanceLifecycleConfigName",
    ),
    ("aws_sagemaker_pipeline", "pipeline_name"): ("sagemaker", "PipelineName"),
    ("aws_sagemaker_pipeline", "pipeline_display_name"): ("sagemaker", "PipelineName"),
    ("aws_sagemaker_pipeline", "pipeline_description"): ("sagemaker", "PipelineDescription"),
    ("aws_sagemaker_model_package_group", "model_package_group_name"): ("sagemaker", "EntityName"),
    ("aws_scheduler_schedule", "name"): ("scheduler", "Name"),
    ("aws_scheduler_schedule", "schedule_expression"): ("scheduler", "ScheduleExpression"),
    ("aws_scheduler_schedule", "schedule_expression_timezone"): ("scheduler", "ScheduleExpressionTimezone"),
    ("aws_scheduler_schedule", "maximum_event_age_in_seconds"): ("scheduler", "MaximumEventAgeInSeconds"),
    ("aws_sagemaker_endpoint_configuration", "variant_name"): ("sagemaker", "VariantName"),
    ("aws_sagemaker_endpoint_configuration", "instance_type"): ("sagemaker", "ProductionVariantInstanceType"),
    ("aws_sagemaker_endpoint_configuration", "initial_instance_count"): ("sagemaker", "InitialTaskCount"),
    ("aws_sagemaker_endpoint_configuration", "initial_variant_weight"): ("sagemaker", "VariantWeight"),
    ("aws_sagemaker_endpoint_configuration", "memory_size_in_mb"): ("sagemaker", "ServerlessMemorySizeInMB"),
    ("aws_sagemaker_endpoint_configuration", "max_concurrency"): ("sagemaker", "ServerlessMaxConcurrency"),
    ("aws_sagemaker_endpoint_configuration", "provisioned_concurrency"): (
        "sagemaker",
        "ServerlessProvisionedConcurrency",
    ),
    ("aws_sagemaker_endpoint_configuration", "initial_sampling_percentage"): ("sagemaker", "SamplingPercentage"),
    ("aws_sagemaker_endpoint_configuration", "capture_mode"): ("sagemaker", "CaptureMode"),
    ("aws_sagemaker_endpoint", "wait_interval_in_seconds"): ("sagemaker", "WaitIntervalInSeconds"),
    ("aws_sagemaker_endpoint", "termination_wait_in_seconds"): ("sagemaker", "TerminationWaitInSeconds"),
    ("aws_sagemaker_endpoint", "maximum_execution_timeout_in_seconds"): (
        "sagemaker",
        "MaximumExecutionTimeoutInSeconds",
    ),
    ("aws_sagemaker_endpoint", "value"): ("sagemaker", "CapacitySizeValue"),
    ("aws_appautoscaling_target", "scalable_dimension"): ("application-autoscaling", "ScalableDimension"),
    ("aws_appautoscaling_policy", "predefined_metric_type"): ("application-autoscaling", "MetricType"),
    ("aws_appautoscaling_policy", "name"): ("application-autoscaling", "PolicyName"),
    ("aws_cloudwatch_metric_alarm", "alarm_name"): ("cloudwatch", "AlarmName"),
    ("aws_cloudwatch_metric_alarm", "alarm_description"): ("cloudwatch", "AlarmDescription"),
    ("aws_cloudwatch_metric_alarm", "comparison_operator"): ("cloudwatch", "ComparisonOperator"),
    ("aws_cloudwatch_metric_alarm", "statistic"): ("cloudwatch", "Statistic"),
    ("aws_cloudwatch_dashboard", "dashboard_name"): ("cloudwatch", "DashboardName"),
    ("aws_sns_topic", "name"): ("sns", "topicName"),
    ("aws_cloudwatch_log_group", "name"): ("logs", "LogGroupName"),
    ("aws_iam_role", "name"): ("iam", "roleNameType"),
    ("aws_kms_key", "deletion_window_in_days"): ("kms", "PendingWindowInDaysType"),
    ("aws_kms_alias", "name"): ("kms", "AliasNameType"),
}


def refused_in(resources: dict[str, dict[str, dict[str, Any]]]) -> tuple[list[str], int]:
    """Everything in the synthesized JSON that AWS would refuse, and how many values were asked about."""
    found: list[str] = []
    asked = 0

    def visit(resource_type: str, of: object) -> None:
        nonlocal asked
        if isinstance(of, list):
            for item in of:
                visit(resource_type, item)
        elif isinstance(of, dict):
            for key, item in of.items():
                if (resource_type, key) in FIELDS:
                    asked += 1
                    # Terraform makes a digest of eight characters: constructs/serving/model.py.
                    value = re.sub(r"\$\{substr\(sha1\(.*, 0, 8\)\}", "0" * 8, item) if isinstance(item, str) else item
                    why = refused(*FIELDS[resource_type, key], value)
                    found.extend([] if why is None else [f"{resource_type}.{key}: {why}"])
                elif (resource_type, key) == ("aws_sagemaker_endpoint_configuration", "name_prefix"):
                    asked += 1
                    # Terraform adds 26 digits.
                    why = refused("sagemaker", "EndpointConfigName", f"{item}{'1' * 26}")
                    found.extend([] if why is None else [f"{resource_type}.{key}: {why}"])
                visit(resource_type, item)

    for resource_type, of_type in resources.items():
        visit(resource_type, list(of_type.values()))
    return found, asked
