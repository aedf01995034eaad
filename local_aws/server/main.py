"""The local AWS: moto's server with its gaps filled. Started by local_aws/server/process.py as a process of its own."""

import argparse
import json
import os
import secrets
import signal
import socket
import string
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

# Until there is a record to write anew, the signal that asks for one (local_aws/server/process.py) is let pass.
signal.signal(signal.SIGHUP, lambda *_: None)
# Read when moto is imported: without it AWS's managed policies do not exist.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
# Without it every account may read every bucket, and nobody is told that a name is taken.
os.environ["MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS"] = "false"
# Without it every answer says that pages of every origin may read it.
os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from local_aws.server.access import Key, guarded
from local_aws.server.failures import Switch, failing
from local_aws.server.gaps import (
    autoscaling,
    endpoint_interfaces,
    iam_simulation,
    logs_keys,
    new_roles,
    s3_conditional_deny,
    s3_line_ends,
    s3_other_accounts,
    sagemaker_answers,
    sagemaker_duplicates,
    sagemaker_endpoint_updates,
    sagemaker_instance_types,
    sagemaker_invocations,
    sagemaker_lifecycle_configurations,
    sagemaker_model_packages,
    sagemaker_notebook_updates,
    sagemaker_notebook_urls,
    sagemaker_pipelines,
    sagemaker_studio,
    sagemaker_tags,
    sagemaker_training,
    scheduler_schedules,
    service_quotas,
    studio_network,
)
from local_aws.server.replay import Application, replaying
from local_aws.server import process
from local_aws.server.process import HOST, IDENTITY_PATH, Server
from local_aws.server.strict import strict


def fill_gaps() -> None:
    sagemaker_answers.fill()
    sagemaker_duplicates.fill()
    endpoint_interfaces.fill()
    sagemaker_endpoint_updates.fill()
    sagemaker_training.fill()
    new_roles.fill()
    sagemaker_notebook_updates.fill()
    sagemaker_notebook_urls.fill()
    sagemaker_invocations.fill()
    autoscaling.fill()
    sagemaker_lifecycle_configurations.fill()
    sagemaker_instance_types.fill()
    s3_conditional_deny.fill()
    s3_other_accounts.fill()
    s3_line_ends.fill()
    logs_keys.fill()
    service_quotas.fill()
    iam_simulation.fill()
    sagemaker_model_packages.fill()
    sagemaker_pipelines.fill()
    sagemaker_studio.fill()
    studio_network.fill()
    sagemaker_tags.fill()
    scheduler_schedules.fill()


class Handler(MotoRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Without the query: a presigned URL lets in whoever reads it."""
        path = getattr(self, "path", "").partition("?")[0]
        self.log("info", '"%s %s" %s %s', self.command, path.translate(self._control_char_table), code, size)


def identified(application: Application, record: Path) -> Application:
    """Answers IDENTITY_PATH with this process's id and record, so that nobody takes another server for this one."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != IDENTITY_PATH:
            return application(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"pid": os.getpid(), "record": str(record)}).encode()]

    return answer


def new_key() -> Key:
    """Of the form that moto and the SDKs know: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html"""
    name = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(16))
    return Key(access_key=f"AKIA{name}", secret_key=secrets.token_urlsafe(30))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0: a free one")
    parser.add_argument(
        "--record", type=Path, required=True, help="file to write the process's id and port to; its key: beside it"
    )
    arguments = parser.parse_args()
    listener = socket.socket()
    try:
        listener.bind((HOST, arguments.port))
    except OSError as error:
        sys.exit(f"port {arguments.port} of {HOST} cannot be used ({error}): choose another, or leave it out")
    listener.listen()
    fill_gaps()
    port, key = listener.getsockname()[1], new_key()
    application = strict(replaying(failing(DomainDispatcherApplication(create_backend_app), Switch())))
    server = make_server(
        HOST,
        0,
        guarded(identified(application, arguments.record), host=f"{HOST}:{port}", root=key),
        threaded=True,
        request_handler=Handler,
        fd=listener.fileno(),
    )
    told = Server(pid=os.getpid(), port=port, access_key=key.access_key, secret_key=key.secret_key)

    def write_record_anew(*_: object) -> None:
        with suppress(OSError):  # whoever asked sees that there is none
            process.write(arguments.record, told)

    signal.signal(signal.SIGHUP, write_record_anew)
    process.write(arguments.record, told)
    server.serve_forever()


if __name__ == "__main__":
    main()
