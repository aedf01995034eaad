"""What to do about an error of Terraform's, where there is something that helps."""

import re
from collections.abc import Iterator

# As the provider begins what went wrong with a copy: https://github.com/hashicorp/terraform-provider-aws/blob/v6.25.0/internal/service/s3/object_copy.go
COPYING = r"copying \S+ to S3 Bucket"
# By words of Terraform's, its provider's and AWS's; each with a test that has the whole error.
ADVICE = (
    (
        r"already exists|AlreadyExists|EntityAlreadyExists|BucketAlreadyOwnedByYou",
        "something exists that the state does not know: make recover ENV={name} says what, and prepares a deploy to "
        "take it over",
    ),
    (
        r"Error acquiring the state lock",
        "somebody works on this state: make recover ENV={name} says who, since when, and how to free it where they "
        "died",
    ),
    (
        r"No valid credential sources|ExpiredToken|InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId"
        r"|SignatureDoesNotMatch|token included in the request is (?:invalid|expired)|failed to refresh cached",
        "AWS takes no credentials of this shell: make local ENV={name} and `. .local/{name}.env` for the local AWS; "
        "for an account AWS_PROFILE, after `aws sso login` perhaps; then once more",
    ),
    (
        rf"{COPYING}.*(?:AccessDenied|NoSuchBucket|NoSuchKey)",
        "a model's artifact cannot be copied: deploy the environment that trained it first, which lets this account "
        "read it; if that is done, it is gone, or an account_id is wrong: make preflight ENV={name} says more",
    ),
    (
        rf"{COPYING}.*(?:maximum number of attempts|request send failed|InternalError|RequestTimeout|SlowDown)",
        "S3 did not copy in time, and nothing half is there: make deploy ENV={name} goes on",
    ),
    (
        rf"(?m)^(?!.*{COPYING}).*(?:AccessDenied|UnauthorizedOperation|is not authorized to perform)",
        "who deploys must be allowed to: make deployer-policy ENV={name} prints the policies",
    ),
    (
        r"ResourceLimitExceeded|LimitExceededException|ServiceQuotaExceeded|VpcLimitExceeded",
        "a quota of the account is too low: make preflight ENV={name} says which, and how to ask for more",
    ),
    (
        r"S3 bucket \S* ?does not exist",
        "the state's bucket is not there: make state-bucket ENV={name}",
    ),
    (
        r"still contains Model Packages",
        "SageMaker deletes no model package group that holds versions: make deploy and make destroy say so before they "
        "begin, with the command that deletes them",
    ),
    (
        r"because (?:App|Space)\(s\) are associated with it",
        "SageMaker deletes no user profile that has apps or spaces: make deploy and make destroy say so before they "
        "begin, with the command that deletes each",
    ),
    (
        r"Instance cannot be destroyed",
        "it is protected, and the settings would have it replaced or removed: change them back, or, to lose what it "
        "holds, set protected=False in stacks/{name}.py, deploy that first, and then the change",
    ),
)


def advice(said: str, name: str) -> Iterator[str]:
    """In the order of ADVICE. None for what only the error itself explains."""
    for words, text in ADVICE:
        if re.search(words, said):
            yield text.format(name=name)
