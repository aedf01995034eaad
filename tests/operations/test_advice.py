"""Advice fits its error, and an error that nothing helps with gets none."""

import pytest

from operations.advice import ADVICE, advice

# Whole errors: of the local AWS and provider 5.100, those of STS and of quotas as AWS's pages word them.
ERRORS = {
    "make recover ENV=dev says what": "Error: creating IAM Role (ml): operation error IAM: CreateRole, https response "
    "error StatusCode: 409, EntityAlreadyExists: Role with name ml already exists.",
    "make recover ENV=dev says who": "Error: Error acquiring the state lock\n\nError message: operation error S3: "
    "PutObject, https response error StatusCode: 412, api error PreconditionFailed",
    "AWS takes no credentials": "Error: No valid credential sources found\n\nPlease see the provider's page",
    "make deployer-policy ENV=dev": "Error: creating KMS Key: operation error KMS: CreateKey, api error "
    "AccessDeniedException: User: arn:aws:iam::1:user/a is not authorized to perform: kms:CreateKey",
    "a model's artifact cannot be copied": "Error: copying acme%2Ftraining-output%2Fa.gz to S3 Bucket (acme) Object "
    "(models/a/1.tar.gz): operation error S3: CopyObject, https response error StatusCode: 403, api error "
    "AccessDenied: Access Denied",
    "S3 did not copy in time": "Error: copying acme%2Ftraining-output%2Fa.gz to S3 Bucket (acme) Object "
    "(models/a/1.tar.gz): operation error S3: CopyObject, exceeded maximum number of attempts, 8, https response error "
    "StatusCode: 503, api error SlowDown: Please reduce your request rate.",
    "make preflight ENV=dev says which": "Error: creating SageMaker AI Endpoint: ResourceLimitExceeded: The "
    "account-level service "
    "limit 'ml.m5.large for endpoint usage' is 0 Instances",
    "make state-bucket ENV=dev": 'Error: Failed to get existing workspaces: S3 bucket "acme" does not exist.',
    "SageMaker deletes no model package group": "Error: deleting SageMaker AI Model Package Group (a): "
    "ConflictException: Model Package Group arn:aws:sagemaker:a cannot be deleted because it still contains Model "
    "Packages.",
    "SageMaker deletes no user profile": "Error: deleting SageMaker AI User Profile (arn:aws:sagemaker:a): operation "
    "error SageMaker: DeleteUserProfile, https response error StatusCode: 400, ResourceInUse: Unable to delete "
    "UserProfile [arn:aws:sagemaker:a] because App(s) are associated with it.",
    "set protected=False in stacks/dev.py": "Error: Instance cannot be destroyed\n\nResource aws_s3_bucket.data has "
    "lifecycle.prevent_destroy set",
}


@pytest.mark.parametrize(("begins", "error"), ERRORS.items())
def test_an_error_has_the_one_advice_that_fits_it(begins: str, error: str) -> None:
    [said] = advice(error, "dev")
    assert begins in said


def test_every_advice_has_an_error_of_this_test() -> None:
    assert len(ERRORS) == len(ADVICE)


def test_what_only_the_error_explains_has_no_advice() -> None:
    assert list(advice("Error: Resource precondition failed\n\nan update needs two instances", "dev")) == []
