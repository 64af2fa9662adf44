"""`python -m local.stack_front --stack STACK`: serves a deployed stack on this machine, in the place of API Gateway.

For stand-ins of AWS (AWS_ENDPOINT_URL): it turns requests into the events of API Gateway, within its limits, and
invokes the function of the API through Lambda's own interface. Nothing of the service runs in this process.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app import app
from infra.deploy.aws import Account, endpoint, outputs_of, use_stand_in
from infra.deploy.problems import NotPossible, explained
from local.asgi import AsgiFront
from local.front import Front

FUNCTION = "BLDR_FRONT_FUNCTION"
"""The variable with the name of the function, for the processes of gunicorn."""
THREADS = 16
SECONDS = 180
"""How long a function may take, with its cold start. API Gateway's 29 s are too short for a stand-in on a busy machine,
which unpacks the archive for each process of a function."""


class FunctionFailed(Exception):
    """Lambda says that the function raised an error. The text is the function's answer."""


class DeployedApp:
    """Calls the function of a deployed API. Has the routes of the app, which the template was made from."""

    def __init__(self, function: str) -> None:
        self.routes = app.routes
        self._function = function
        retries = {"total_max_attempts": 1}
        config = Config(read_timeout=SECONDS, max_pool_connections=THREADS, retries=retries)
        self._lambda = boto3.client("lambda", config=config)

    def __call__(self, event: dict[str, Any], _context: Any) -> Any:
        """Invoke the function and return its response. Raises FunctionFailed."""
        answer = self._lambda.invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
        content = answer["Payload"].read()
        if "FunctionError" in answer:
            raise FunctionFailed(content.decode())
        return json.loads(content)


def build() -> AsgiFront:
    """Return the ASGI application that gunicorn serves."""
    return AsgiFront(Front(DeployedApp(os.environ[FUNCTION])), ThreadPoolExecutor(THREADS))


def main() -> None:
    """Serve a stack until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m local.stack_front", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stack", default="bldr-dev", help="name of the stack (default %(default)s)")
    parser.add_argument("--port", type=int, default=9636, help="port on 127.0.0.1 (default %(default)s)")
    options = parser.parse_args()
    try:
        os.environ[FUNCTION] = function_of(options.stack)
    except NotPossible as problem:
        sys.exit(str(problem))
    except (BotoCoreError, ClientError) as problem:
        sys.exit(explained(problem))
    print(f"serving {options.stack} on http://127.0.0.1:{options.port}", flush=True)
    server = [sys.executable, "-m", "gunicorn", "-c", "python:local.gunicorn_conf"]
    os.execv(sys.executable, [*server, "--bind", f"127.0.0.1:{options.port}", "local.stack_front:build()"])  # noqa: S606 - no shell


def function_of(stack: str) -> str:
    """Return the name of the function of the API of a stack. Raises NotPossible."""
    if endpoint() is not None:
        use_stand_in()
    found = Account().stack(stack)
    name = None if found is None else outputs_of(found).get("APIHandlerName")
    if name is None:
        raise NotPossible(f"there is no stack {stack}: deploy it first, with `make deploy`")
    return name


if __name__ == "__main__":
    main()
