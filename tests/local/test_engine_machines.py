"""One state machine from end to end across processes: the engine runs it and invokes functions by HTTP."""

import json
from http.client import HTTPConnection
from typing import Any

import pytest

from local.engine_admin import FORGET, FUNCTIONS
from local.functions import FunctionServer
from tests.builders.machines import ROLE, task
from tests.builders.names import a_name
from tests.builders.waiting import until
from tests.servers import Server, aws, wsgi_server


def request(engine: Server, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Send a request to the engine itself, and return status and answer."""
    connection = HTTPConnection("127.0.0.1", engine.port, timeout=60)
    connection.request(method, path, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    status, text = answer.status, answer.read()
    connection.close()
    return status, json.loads(text)


def test_the_engine_runs_a_machine_whose_functions_run_elsewhere(engine: Server) -> None:
    tokens: list[str] = []
    declared = {
        "wait": lambda event, _context: tokens.append(event["token"]),
        "double": lambda event, _context: event["input"]["number"] * 2,
    }
    states = {"First": task("wait", waits=True, Next="Second"), "Second": task("double")}
    client = aws("stepfunctions", engine.url)
    with wsgi_server(FunctionServer(declared)) as url:
        assert request(engine, "POST", FUNCTIONS, {"url": url, "names": sorted(declared)}) == (200, {})
        assert request(engine, "GET", FUNCTIONS) == (200, {"names": ["double", "wait"]})
        machine = client.create_state_machine(
            name=a_name("machine"), definition=json.dumps({"StartAt": "First", "States": states}), roleArn=ROLE
        )["stateMachineArn"]
        execution = client.start_execution(stateMachineArn=machine, name="one", input="{}")["executionArn"]
        assert until(lambda: len(tokens) == 1)
        client.send_task_heartbeat(taskToken=tokens[0])
        client.send_task_success(taskToken=tokens[0], output='{"number": 21}')
        assert until(lambda: client.describe_execution(executionArn=execution)["status"] == "SUCCEEDED")
        assert client.describe_execution(executionArn=execution)["output"] == "42"

        client.start_execution(stateMachineArn=machine, name="two", input="{}")
        assert until(lambda: len(tokens) == 2)
        assert request(engine, "POST", FORGET) == (200, {"running": 1})
        assert client.list_executions(stateMachineArn=machine)["executions"] == []


@pytest.mark.parametrize("registration", [None, [], {}, {"names": ["a"]}, {"url": "http://a:b", "names": []}])
def test_a_registration_that_cannot_be_used_is_refused(engine: Server, registration: Any) -> None:
    assert request(engine, "POST", FUNCTIONS, registration)[0] == 400
