"""The engine runs state machines as Step Functions does. local/moto_states.py and others patch moto's private names."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl

from local import moto_executions, moto_states, moto_tasks
from tests.builders.machines import Machine, Tokens, Unavailable, task, these_functions
from tests.builders.waiting import until

pytestmark = pytest.mark.usefixtures("table")


def ends_with(**output: Any) -> dict[str, Any]:
    """Return a last state with a fixed output."""
    return {"Type": "Pass", "Result": output, "End": True}


HANDLED = ends_with(state="handled")


@pytest.fixture(autouse=True)
def _no_other_executions(table: None) -> None:
    """Executions of other tests have ended, so that the threads can be counted."""
    moto_executions.forget_executions()
    assert until(lambda: _threads_of_executions() == 0)


class NotYet(Exception):
    """The function fails until it was called often enough."""


class Counter:
    """A function that fails, with the given error, until it was called often enough."""

    def __init__(self, failures: int, error: type[Exception] = NotYet) -> None:
        self.calls, self._failures, self._error = 0, failures, error

    def __call__(self, event: Any) -> Any:
        self.calls += 1
        if self.calls <= self._failures:
            raise self._error
        return event


def retry(error: str, attempts: int = 3) -> list[dict[str, Any]]:
    """Return a Retry for an error, almost without pauses."""
    return [{"ErrorEquals": [error], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": attempts}]


def catch(*errors: str) -> list[dict[str, Any]]:
    """Return a Catch that continues with the state `Caught`."""
    return [{"ErrorEquals": list(errors), "ResultPath": "$.error", "Next": "Caught"}]


def test_a_machine_runs_its_functions_and_returns_their_output() -> None:
    with these_functions(double=lambda event: {"number": event["input"]["number"] * 2}):
        done = Machine(task("double", Next="Second"), Second=task("double")).run(number=3)

    assert (done["status"], json.loads(done["output"])) == ("SUCCEEDED", {"number": 12})


def test_a_function_may_be_named_by_its_arn() -> None:
    with these_functions(one=lambda _event: 1):
        assert Machine(task("arn:aws:lambda:us-east-1:123456789012:function:one")).run()["output"] == "1"


def test_retry_and_catch_match_the_class_of_the_functions_error() -> None:
    function = Counter(failures=2)
    with these_functions(function=function):
        assert Machine(task("function", Retry=retry("NotYet"))).run()["status"] == "SUCCEEDED"
    assert function.calls == 3

    with these_functions(function=Counter(failures=9)):
        machine = Machine(task("function", Catch=catch("Other")), Caught=HANDLED)
        assert (machine.run()["status"], machine.run()["error"]) == ("FAILED", "NotYet")
        assert (
            Machine(task("function", Catch=catch("NotYet")), Caught=HANDLED).run()["output"] == '{"state": "handled"}'
        )


def test_functions_that_do_not_run_are_a_service_exception_of_lambda() -> None:
    function = Counter(failures=1, error=Unavailable)
    with these_functions(function=function):
        assert Machine(task("function", Retry=retry("Lambda.ServiceException"))).run()["status"] == "SUCCEEDED"
    assert function.calls == 2


def test_a_function_that_does_not_exist_fails_its_task() -> None:
    with these_functions():
        assert Machine(task("nowhere")).run()["error"] == "Lambda.ResourceNotFoundException"


def test_a_task_that_waits_continues_with_the_output_sent_for_its_token() -> None:
    tokens = Tokens()
    with these_functions(wait=tokens):
        machine = Machine(task("wait", waits=True))
        execution = machine.start()
        machine.client.send_task_success(taskToken=tokens.nth(1), output='{"built": true}')

        assert json.loads(machine.ended(execution)["output"]) == {"built": True}


def test_a_token_may_be_used_before_its_function_returns() -> None:
    machine: Machine

    def send(event: Any) -> None:
        machine.client.send_task_success(taskToken=event["token"], output="{}")

    with these_functions(send=send):
        machine = Machine(task("send", waits=True))
        assert machine.run()["status"] == "SUCCEEDED"


def test_a_token_is_valid_once_and_only_while_its_task_waits() -> None:
    tokens = Tokens()
    with these_functions(wait=tokens):
        machine = Machine(task("wait", waits=True))
        execution = machine.start()
        token = tokens.nth(1)

        def send(_number: int) -> bool:
            try:
                machine.client.send_task_success(taskToken=token, output="{}")
            except machine.client.exceptions.TaskTimedOut:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(send, range(8))) == 1
        machine.ended(execution)
        for late in (machine.client.send_task_heartbeat, machine.client.send_task_failure):
            with pytest.raises(machine.client.exceptions.TaskTimedOut):
                late(taskToken=token)


def test_an_output_that_is_not_json_is_refused_and_the_task_keeps_waiting() -> None:
    tokens = Tokens()
    with these_functions(wait=tokens):
        machine = Machine(task("wait", waits=True))
        execution = machine.start()
        with pytest.raises(machine.client.exceptions.InvalidOutput):
            machine.client.send_task_success(taskToken=tokens.nth(1), output="{")
        machine.client.send_task_success(taskToken=tokens.nth(1), output="{}")

        assert machine.ended(execution)["status"] == "SUCCEEDED"


def test_a_retry_of_a_task_that_waits_has_a_new_token() -> None:
    tokens = Tokens()
    with these_functions(wait=tokens):
        machine = Machine(task("wait", waits=True, Retry=retry("WorkerLost")))
        execution = machine.start()
        machine.client.send_task_failure(taskToken=tokens.nth(1), error="WorkerLost")
        machine.client.send_task_success(taskToken=tokens.nth(2), output='{"built": "second"}')

        assert machine.ended(execution)["output"] == '{"built": "second"}'
    assert len(set(tokens.all)) == 2


def test_a_missing_heartbeat_has_an_error_of_its_own_which_a_catch_of_timeouts_matches_too() -> None:
    with these_functions(wait=Tokens()):
        for error in ("States.HeartbeatTimeout", "States.Timeout"):
            waiting = task("wait", waits=True, HeartbeatSeconds=1, TimeoutSeconds=60, Catch=catch(error))
            assert Machine(waiting, Caught=HANDLED).run()["output"] == '{"state": "handled"}'
        waiting = task("wait", waits=True, HeartbeatSeconds=1, TimeoutSeconds=60)
        assert Machine(waiting).run()["error"] == "States.HeartbeatTimeout"


def test_a_time_limit_ends_a_task_whose_heartbeats_arrive() -> None:
    tokens, ended = Tokens(), threading.Event()
    with these_functions(wait=tokens):
        catches = [
            {"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Lost"},
            {"ErrorEquals": ["States.Timeout"], "Next": "Late"},
        ]
        machine = Machine(
            task("wait", waits=True, HeartbeatSeconds=1, TimeoutSecondsPath="$.seconds", Catch=catches),
            Lost=ends_with(state="lost"),
            Late=ends_with(state="late"),
        )
        execution = machine.start(seconds=2)

        def beat() -> None:
            while not ended.wait(0.2):
                try:
                    machine.client.send_task_heartbeat(taskToken=tokens.nth(1))
                except machine.client.exceptions.TaskTimedOut:
                    return

        thread = threading.Thread(target=beat)
        thread.start()
        output = machine.ended(execution)["output"]
        ended.set()
        thread.join()

    assert output == '{"state": "late"}'


def test_a_stopped_execution_is_aborted_at_once_and_the_rule_invokes_its_function() -> None:
    tokens, events = Tokens(), list[Any]()
    with these_functions(wait=tokens, reconcile=events.append):
        machine = Machine(
            task("wait", waits=True, Catch=catch("States.ALL"), Retry=retry("States.ALL")), Caught=HANDLED
        )
        execution = machine.start(job=7)
        tokens.nth(1)
        machine.client.stop_execution(executionArn=execution)

        assert machine.describe(execution)["status"] == "ABORTED"
        assert until(lambda: len(events) == 1)
        assert until(lambda: _threads_of_executions() == 0)
    assert (events[0]["detail-type"], events[0]["source"]) == ("Step Functions Execution Status Change", "aws.states")
    detail = events[0]["detail"]
    assert (detail["executionArn"], detail["stateMachineArn"]) == (execution, machine.arn)
    assert (detail["status"], json.loads(detail["input"])) == ("ABORTED", {"job": 7})


def test_an_execution_can_be_stopped_before_its_first_state_and_during_a_function() -> None:
    released = threading.Event()
    with these_functions(slow=lambda _event: released.wait(60), reconcile=lambda _event: None):
        machine = Machine(task("slow", Next="Second"), Second=task("slow"))
        executions = [machine.start() for _ in range(5)]
        for execution in executions:
            machine.client.stop_execution(executionArn=execution)
        released.set()
        assert until(lambda: _threads_of_executions() == 0)

        assert {machine.describe(execution)["status"] for execution in executions} == {"ABORTED"}


def test_an_execution_can_be_stopped_in_the_pause_before_a_retry() -> None:
    real_pauses, function = vars(retrier_decl)["time"], Counter(failures=9)
    retries = [{"ErrorEquals": ["NotYet"], "IntervalSeconds": 3600, "MaxAttempts": 3}]
    functions = these_functions(function=function, reconcile=lambda _event: None)
    with functions, patch.object(retrier_decl, "time", real_pauses):
        machine = Machine(task("function", Retry=retries))
        execution = machine.start()
        assert until(lambda: function.calls == 1)
        machine.client.stop_execution(executionArn=execution)
        assert until(lambda: _threads_of_executions() == 0)

        assert (machine.describe(execution)["status"], function.calls) == ("ABORTED", 1)


def test_an_execution_that_fails_or_takes_too_long_invokes_the_function_of_the_rule() -> None:
    events: list[Any] = []
    with these_functions(wait=Tokens(), fail=Counter(failures=9), reconcile=events.append):
        Machine(task("fail")).run()
        assert until(lambda: len(events) == 1)
        Machine(task("wait", waits=True, TimeoutSeconds=1)).run()
        assert until(lambda: len(events) == 2)
    assert [event["detail"]["status"] for event in events] == ["FAILED", "FAILED"]


def test_a_name_is_used_once_also_by_concurrent_calls_and_after_the_end() -> None:
    tokens = Tokens()
    with these_functions(wait=tokens):
        machine = Machine(task("wait", waits=True))

        with ThreadPoolExecutor(8) as threads:
            started = list(threads.map(lambda _number: machine.start("job-1-1", job=1), range(8)))
        assert len(set(started)) == 1
        with pytest.raises(machine.client.exceptions.ExecutionAlreadyExists):
            machine.start("job-1-1", job=2)
        machine.client.send_task_success(taskToken=tokens.nth(1), output="{}")
        machine.ended(started[0])
        with pytest.raises(machine.client.exceptions.ExecutionAlreadyExists):
            machine.start("job-1-1", job=1)
    assert len(tokens.all) == 1


def test_executions_without_a_name_get_different_ones() -> None:
    with these_functions(one=lambda _event: 1):
        machine = Machine(task("one"))
        assert machine.start() != machine.start()


def test_the_oldest_ended_executions_are_dropped_and_their_names_stay_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moto_executions, "KEPT_EXECUTIONS", 5)
    monkeypatch.setattr(moto_executions, "_PRUNING_STEP", 1)
    tokens = Tokens()
    with these_functions(wait=tokens, one=lambda _event: 1):
        machine = Machine(
            {
                "Type": "Choice",
                "Choices": [{"Variable": "$.wait", "BooleanEquals": True, "Next": "Wait"}],
                "Default": "One",
            },
            Wait=task("wait", waits=True),
            One=task("one"),
        )
        waiting = machine.start(wait=True)
        ended = [machine.start(f"job-{number}", wait=False) for number in range(20)]
        for execution in ended[-5:]:
            machine.ended(execution)
        machine.start(wait=False)

        assert len(machine.client.list_executions(stateMachineArn=machine.arn)["executions"]) <= 12
        assert machine.describe(waiting)["status"] == "RUNNING"
        with pytest.raises(machine.client.exceptions.ExecutionDoesNotExist):
            machine.describe(ended[0])
        with pytest.raises(machine.client.exceptions.ExecutionAlreadyExists):
            machine.start("job-0", wait=False)
        machine.client.stop_execution(executionArn=waiting)


def test_a_waiting_execution_occupies_one_thread_and_wakes_for_nothing() -> None:
    tokens = Tokens()
    with these_functions(wait=tokens):
        machine = Machine(task("wait", waits=True, HeartbeatSeconds=60, TimeoutSeconds=600))
        executions = [machine.start() for _ in range(20)]
        tokens.nth(20)
        assert _threads_of_executions() == 20

        for token in tokens.all:
            machine.client.send_task_success(taskToken=token, output="{}")
        assert until(lambda: _threads_of_executions() == 0)
        assert {machine.describe(execution)["status"] for execution in executions} == {"SUCCEEDED"}
    assert not moto_tasks._waiting


def test_a_definition_is_parsed_once_by_its_first_execution() -> None:
    before = moto_states.parsed.cache_info().misses
    with these_functions(one=lambda _event: 1):
        machine = Machine(task("one", Comment="in no other test"))
        assert moto_states.parsed.cache_info().misses == before
        for _ in range(3):
            machine.run()
    assert moto_states.parsed.cache_info().misses == before + 1


def test_forgotten_executions_end_their_threads_invoke_nothing_and_may_be_started_again() -> None:
    tokens, events = Tokens(), list[Any]()
    with these_functions(wait=tokens, reconcile=events.append):
        machine = Machine(task("wait", waits=True))
        execution = machine.start("grp-1-1", group=1)
        token = tokens.nth(1)

        assert moto_executions.forget_executions() == 1
        assert until(lambda: _threads_of_executions() == 0)
        with pytest.raises(machine.client.exceptions.ExecutionDoesNotExist):
            machine.describe(execution)
        with pytest.raises(ClientError, match="TaskTimedOut"):
            machine.client.send_task_success(taskToken=token, output="{}")

        assert machine.start("grp-1-1", group=1) == execution
        machine.client.send_task_success(taskToken=tokens.nth(2), output="{}")
        assert machine.ended(execution)["status"] == "SUCCEEDED"
    assert events == []


def _threads_of_executions() -> int:
    return sum("_execution_logic" in thread.name for thread in threading.enumerate())
