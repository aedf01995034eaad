"""A shell that has sourced `.local/<environment>.env`: it works with the local AWS, and with that environment alone."""

# Says which. The shells that local_aws/ runs commands in have it too.
ENVIRONMENT_VARIABLE = "LOCAL_AWS_ENVIRONMENT"
