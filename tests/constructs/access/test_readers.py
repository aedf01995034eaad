"""What the accounts that receive an environment's models may do in its account, decided by an IAM simulator."""

import functools
from dataclasses import replace
from typing import Any

import pytest

from tests.support.policies import ACCOUNT, KEY, Policy, Request, decisions, policies_of
from tests.support.synthesis import environment, synthesized_platform

STAGING, PROD, ANOTHER = "222222222222", "333333333333", "999999999999"
BUCKET = f"arn:aws:s3:::ml-platform-dev-sagemaker-{ACCOUNT}-us-east-1"
ARTIFACT = f"{BUCKET}/training-output/job/output/model.tar.gz"
THROUGH_S3 = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
TLS, PLAIN = {"aws:SecureTransport": "true"}, {"aws:SecureTransport": "false"}
EVERYTHING: Policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@functools.cache
def documents(*readers: str) -> dict[str, Policy]:
    """Of dev, whose models those accounts receive."""
    return policies_of(synthesized_platform(replace(environment("dev"), reader_account_ids=readers)))


def decided(document: str, cases: list[tuple[str, str, str, dict[str, str], str]]) -> list[Any]:
    """The cases as they were decided: each asks with the leave of the caller's own account to do everything."""
    asked = [
        Request(
            action=action,
            resource=resource,
            principal=f"arn:aws:iam::{account}:role/deployer",
            policy=EVERYTHING,
            resource_policy=documents(STAGING, PROD)[document],
            context=context,
        )
        for account, action, resource, context, _ in cases
    ]
    return [(*case[:4], decision) for case, decision in zip(cases, decisions(asked), strict=True)]


def test_they_read_what_trainings_left_and_nothing_else_of_the_bucket() -> None:
    cases = [
        (STAGING, "s3:GetObject", ARTIFACT, TLS, "Allowed"),
        (PROD, "s3:GetObject", ARTIFACT, TLS, "Allowed"),
        (ANOTHER, "s3:GetObject", ARTIFACT, TLS, "ImplicitlyDenied"),
        (STAGING, "s3:GetObject", ARTIFACT, PLAIN, "ExplicitlyDenied"),
        (STAGING, "s3:GetObject", f"{BUCKET}/training-data/train.csv", TLS, "ImplicitlyDenied"),
        (STAGING, "s3:GetObject", f"{BUCKET}/models/a/model.tar.gz", TLS, "ImplicitlyDenied"),
        (STAGING, "s3:GetObject", f"{BUCKET}/training-outputs", TLS, "ImplicitlyDenied"),
        (STAGING, "s3:GetObjectVersion", ARTIFACT, TLS, "ImplicitlyDenied"),
        (STAGING, "s3:GetObjectTagging", ARTIFACT, TLS, "ImplicitlyDenied"),
        (STAGING, "s3:PutObject", ARTIFACT, TLS, "ImplicitlyDenied"),
        (STAGING, "s3:DeleteObject", ARTIFACT, TLS, "ImplicitlyDenied"),
        (STAGING, "s3:ListBucket", BUCKET, TLS, "ImplicitlyDenied"),
        (STAGING, "s3:PutBucketPolicy", BUCKET, TLS, "ImplicitlyDenied"),
    ]
    assert decided("data_bucket_tls_only_document", cases) == cases


def test_they_decrypt_through_s3_and_do_nothing_else_with_the_key() -> None:
    cases = [
        (STAGING, "kms:Decrypt", KEY, THROUGH_S3, "Allowed"),
        (PROD, "kms:Decrypt", KEY, THROUGH_S3, "Allowed"),
        (ANOTHER, "kms:Decrypt", KEY, THROUGH_S3, "ImplicitlyDenied"),
        (STAGING, "kms:Decrypt", KEY, {}, "ImplicitlyDenied"),
        (STAGING, "kms:Decrypt", KEY, {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}, "ImplicitlyDenied"),
        (STAGING, "kms:Decrypt", KEY, {"kms:ViaService": "sagemaker.us-east-1.amazonaws.com"}, "ImplicitlyDenied"),
        (STAGING, "kms:GenerateDataKey", KEY, THROUGH_S3, "ImplicitlyDenied"),
        (STAGING, "kms:DescribeKey", KEY, THROUGH_S3, "ImplicitlyDenied"),
        (STAGING, "kms:CreateGrant", KEY, THROUGH_S3, "ImplicitlyDenied"),
        (STAGING, "kms:PutKeyPolicy", KEY, {}, "ImplicitlyDenied"),
    ]
    assert decided("encryption_key_policy_document", cases) == cases


def test_their_own_account_must_let_them_too() -> None:
    policies = documents(STAGING)
    asked = [
        Request(
            action=action,
            resource=resource,
            principal=f"arn:aws:iam::{STAGING}:role/deployer",
            resource_policy=policies[document],
            context=context,
        )
        for action, resource, document, context in (
            ("s3:GetObject", ARTIFACT, "data_bucket_tls_only_document", TLS),
            ("kms:Decrypt", KEY, "encryption_key_policy_document", THROUGH_S3),
        )
    ]
    assert decisions(asked) == ["ImplicitlyDenied"] * 2


@pytest.mark.parametrize("document", ["data_bucket_tls_only_document", "encryption_key_policy_document"])
def test_without_readers_no_other_account_is_named(document: str) -> None:
    assert "Readers" in str(documents(STAGING)[document])
    assert "Readers" not in str(documents()[document])
