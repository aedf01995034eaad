"""Gap: moto knows the default quotas of VPC and no others, cannot list applied ones, and takes no request for more.

Here an account begins with AWS's defaults, which are those of a new account, and a request for more is granted at once:
on AWS it takes from minutes to days. A request for less is granted too, so that a test can take a quota back.

Names, codes and values of SageMaker are what ListAWSDefaultServiceQuotas answered in February 2024, as kept in
https://github.com/gruntwork-io/terraform-aws-utilities (docs/quotas.md, commit 04f5883); AWS's own page has the names:
https://docs.aws.amazon.com/general/latest/gr/sagemaker.html. Other instance types are not offered here.
"""

import json
from typing import Any

from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

SAGEMAKER = (
    ("L-29C181D7", "ml.t2.medium for endpoint usage", 2),
    ("L-1410387A", "ml.t2.large for endpoint usage", 0),
    ("L-B82FDF78", "ml.t2.xlarge for endpoint usage", 0),
    ("L-614B09FD", "ml.m5.large for endpoint usage", 0),
    ("L-2F737F8D", "ml.m5.xlarge for endpoint usage", 0),
    ("L-3C2EBC55", "ml.c6i.large for endpoint usage", 0),
    ("L-3E715088", "ml.m7i.large for endpoint usage", 0),
    ("L-C1E62DF0", "ml.m6g.large for endpoint usage", 2),
    ("L-2D2AAC6C", "ml.m6g.xlarge for endpoint usage", 1),
    ("L-7B2FD69B", "ml.t2.medium for notebook instance usage", 6),
    ("L-E17566B7", "ml.t3.medium for notebook instance usage", 6),
    ("L-76AB2C05", "ml.m5.xlarge for notebook instance usage", 1),
    ("L-611FA074", "ml.m5.large for training job usage", 0),
    ("L-29688C85", "ml.m5.large for spot training job usage", 4),
    ("L-CCE2AFA6", "ml.m5.xlarge for training job usage", 0),
    ("L-4CEE6BA6", "ml.m5.xlarge for spot training job usage", 4),
    ("L-00C91CB5", "Number of instances across all training jobs", 4),
    ("L-622CFD70", "Maximum number of instances per training job", 20),
    ("L-93958082", "Number of instances across all spot training jobs", 4),
    ("L-DB62C864", "Maximum number of instances per spot training job", 20),
    ("L-33A961FD", "Longest run time for a training job", 432_000),
    ("L-C5A266EB", "Size of EBS volume for a training job instance", 1024),
    ("L-04CE2E67", "Total number of notebook instances", 8),
    ("L-7A3DF611", "Number of instances across active endpoints", 4),
    ("L-ED8DEE9B", "Maximum number of instances per endpoint", 4),
    ("L-99AD19BF", "Maximum number of serverless endpoints", 5),
    ("L-96300102", "Maximum total concurrency that can be allocated across all serverless endpoints", 10),
)


def fill() -> None:
    defaults_of = ServiceQuotasBackend.list_aws_default_service_quotas

    def defaults(backend: ServiceQuotasBackend, service_code: str) -> list[dict[str, Any]]:
        if service_code != "sagemaker":
            return defaults_of(backend, service_code)
        return [
            {
                "Adjustable": True,
                "GlobalQuota": False,
                "QuotaArn": f"arn:aws:servicequotas:{backend.region_name}:{backend.account_id}:sagemaker/{code}",
                "QuotaCode": code,
                "QuotaName": name,
                "ServiceCode": "sagemaker",
                "ServiceName": "Amazon SageMaker",
                "Unit": "None",
                "Value": float(value),
            }
            for code, name, value in SAGEMAKER
        ]

    ServiceQuotasBackend.list_aws_default_service_quotas = defaults
    ServiceQuotasResponse.list_service_quotas = _list_applied
    ServiceQuotasResponse.request_service_quota_increase = _request_increase


def _granted(backend: ServiceQuotasBackend) -> dict[str, float]:
    """By quota code; kept on moto's own object, so that a reset forgets it."""
    granted: dict[str, float] = backend.__dict__.setdefault("granted", {})
    return granted


def _applied(backend: ServiceQuotasBackend, service_code: str) -> list[dict[str, Any]]:
    return [
        quota | {"Value": _granted(backend).get(quota["QuotaCode"], quota["Value"])}
        for quota in backend.list_aws_default_service_quotas(service_code)
    ]


def _list_applied(call: ServiceQuotasResponse) -> str:
    return json.dumps({"Quotas": _applied(call.backend, json.loads(call.body)["ServiceCode"])})


def _request_increase(call: ServiceQuotasResponse) -> str:
    request = json.loads(call.body)
    quotas = {quota["QuotaCode"]: quota for quota in _applied(call.backend, request["ServiceCode"])}
    if request["QuotaCode"] not in quotas:
        raise NoSuchResource
    quota = quotas[request["QuotaCode"]]
    _granted(call.backend)[request["QuotaCode"]] = request["DesiredValue"]
    named = {key: quota[key] for key in ("QuotaArn", "QuotaCode", "QuotaName", "ServiceCode", "ServiceName", "Unit")}
    return json.dumps({"RequestedQuota": named | {"DesiredValue": request["DesiredValue"], "Status": "APPROVED"}})
