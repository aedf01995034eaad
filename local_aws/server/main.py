"""The local AWS: moto's server with its gaps filled. Started by local_aws/server/process.py as a process of its own."""

import argparse
import json
import os
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

# Read when moto is imported: without it AWS's managed policies do not exist.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
# Without it every account may read every bucket, and nobody is told that a name is taken.
os.environ["MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS"] = "false"

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from local_aws.server.failures import Switch, failing
from local_aws.server.gaps import (
    autoscaling,
    endpoint_interfaces,
    iam_simulation,
    logs_keys,
    new_roles,
    s3_conditional_deny,
    sagemaker_answers,
    sagemaker_duplicates,
    sagemaker_endpoint_updates,
    sagemaker_instance_types,
    sagemaker_invocations,
    sagemaker_lifecycle_configurations,
    sagemaker_notebook_updates,
    service_quotas,
)
from local_aws.server.replay import Application, replaying
from local_aws.server.process import HOST, IDENTITY_PATH
from local_aws.server.strict import strict


def fill_gaps() -> None:
    sagemaker_answers.fill()
    sagemaker_duplicates.fill()
    endpoint_interfaces.fill()
    sagemaker_endpoint_updates.fill()
    new_roles.fill()
    sagemaker_notebook_updates.fill()
    sagemaker_invocations.fill()
    autoscaling.fill()
    sagemaker_lifecycle_configurations.fill()
    sagemaker_instance_types.fill()
    s3_conditional_deny.fill()
    logs_keys.fill()
    service_quotas.fill()
    iam_simulation.fill()


def identified(application: Application) -> Application:
    """Answers IDENTITY_PATH with this process's id, so that nobody takes another server for this one."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != IDENTITY_PATH:
            return application(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"pid": os.getpid()}).encode()]

    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0: a free one")
    parser.add_argument("--record", type=Path, required=True, help="file to write the process's id and the port to")
    arguments = parser.parse_args()
    listener = socket.socket()
    try:
        listener.bind((HOST, arguments.port))
    except OSError as error:
        sys.exit(f"port {arguments.port} of {HOST} cannot be used ({error}): choose another, or leave it out")
    listener.listen()
    fill_gaps()
    server = make_server(
        HOST,
        0,
        identified(strict(replaying(failing(DomainDispatcherApplication(create_backend_app), Switch())))),
        threaded=True,
        request_handler=MotoRequestHandler,
        fd=listener.fileno(),
    )
    partial = arguments.record.with_suffix(".partial")
    partial.write_text(json.dumps({"pid": os.getpid(), "port": listener.getsockname()[1]}))
    partial.replace(arguments.record)
    server.serve_forever()


if __name__ == "__main__":
    main()
