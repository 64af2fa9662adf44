"""A hook on botocore that refuses what the calling function may not do, and notes the rights that were used.

Calls outside of a deployed function, such as those that set up a test, are not checked.
"""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from botocore.session import Session

from chalicelib import functions
from chalicelib.http.app import App
from local.patching import wrap
from tests.rights.actions import needs_of, not_found_needs
from tests.rights.evaluation import PermittedValue, Policies, Right
from tests.rights.needs import Need, OperationUnmapped
from tests.rights.policies import own_policies

FOLDER = "TEST_RIGHTS_FOLDER"
"""The variable with the folder in which every process of a test run notes what it used and what it was refused."""

ENTRIES = {
    "APIHandler": (App, "__call__"),
    "FinishUpload": (functions.finishing, "finish"),
    "Sweep": (functions.sweep, "sweep"),
    "FoldEvents": (functions.event_upkeep, "fold_events"),
    "ApplyRetention": (functions.retention, "apply_policies"),
    "ScheduleDependents": (functions.builds_after_upload, "schedule_dependents"),
    "StepGroup": (functions.group_steps, "run"),
    "StepJob": (functions.job_steps, "run"),
    "Reconcile": (functions.execution_ends, "reconcile"),
    "WatchJobs": (functions.job_watch, "watch_jobs"),
    "WatchGroups": (functions.group_watch, "watch_groups"),
    "RepairGroups": (functions.group_repair, "repair_groups"),
    "CleanUpBuilds": (functions.scheduled_builds, "clean_up"),
    "ContinueLongChange": (functions.long_change_steps, "run"),
    "WatchLongChanges": (functions.long_change_watch, "watch_long_changes"),
}
"""What the handlers of app.py call, by the logical id of the function."""

_function: ContextVar[str | None] = ContextVar("function", default=None)


class Enforcement:
    """The policies in force, the rights that were used, and the requests that were refused."""

    def __init__(self, policies: Policies, notes: Path | None = None) -> None:
        self.policies = policies
        self.used: set[Right] = set()
        self.used_values: set[PermittedValue] = set()
        self.refused: list[str] = []
        self._notes = notes

    def check(self, operation: str, needs: list[Need]) -> None:
        """Raise the error that AWS returns if the calling function lacks a right."""
        function = _function.get()
        if function is None:
            return
        for need in needs:
            use = self.policies.use_of(function, need.action, need.resource, need.context)
            if use is None:
                self.refuse(f"{function} may not {_described(need)}")
                raise _access_denied(operation, need, function)
            self.used_values |= use.values
            if use.right not in self.used:
                self.used.add(use.right)
                self._note("used", [use.right.function, use.right.action, use.right.resource])

    def refuse(self, cause: str) -> None:
        """Note a refused request."""
        self.refused.append(cause)
        self._note("refused", cause)

    def _note(self, kind: str, content: Any) -> None:
        if self._notes is not None:
            with (self._notes / str(os.getpid())).open("a") as file:
                file.write(json.dumps([kind, content]) + "\n")


def _described(need: Need) -> str:
    """Return a need in the words of a message, with the rows that it is about."""
    rows = need.context.get("dynamodb:LeadingKeys")
    return f"{need.action} on {need.resource}" + (f" for rows of {', '.join(rows)}" if rows else "")


def _access_denied(operation: str, need: Need, function: str) -> ClientError:
    s3 = need.action.startswith("s3:")
    message = f"{function} is not authorized to perform: {need.action} on resource: {need.resource}"
    return ClientError(
        {
            "Error": {"Code": "AccessDenied" if s3 else "AccessDeniedException", "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": 403 if s3 else 400},
        },
        operation,
    )


_in_force: list[Enforcement] = []
_entered: list[str] = list(ENTRIES)
"""The functions whose calls are checked."""


def in_force() -> Enforcement:
    """Return the enforcement of this process."""
    return _in_force[-1]


@contextmanager
def enforced(policies: Policies) -> Iterator[Enforcement]:
    """Enforce other policies inside the block, with their own notes."""
    _in_force.append(Enforcement(policies))
    try:
        yield in_force()
    finally:
        _in_force.pop()


@contextmanager
def paused() -> Iterator[None]:
    """Check nothing inside the block, for tests that measure the CPU time of the service."""
    checked, _entered[:] = list(_entered), []
    try:
        yield
    finally:
        _entered[:] = checked


@contextmanager
def running_as(function: str | None) -> Iterator[None]:
    """Check the calls inside the block with the rights of a function."""
    token = _function.set(function)
    try:
        yield
    finally:
        _function.reset(token)


def install() -> None:
    """Enforce the policies of the template in this process, from now on."""
    folder = os.environ.get(FOLDER)
    _in_force.append(Enforcement(own_policies(), None if folder is None else Path(folder)))
    wrap(Session, "create_client", _hooked_client)
    wrap(ThreadPoolExecutor, "submit", _submit)
    for function, (owner, name) in ENTRIES.items():
        wrap(owner, name, _entry(function))


def _entry(function: str) -> Callable[..., Any]:
    def run(original: Callable[..., Any], *args: Any, **named: Any) -> Any:
        if function not in _entered:
            return original(*args, **named)
        with running_as(function):
            return original(*args, **named)

    return run


def _submit(original: Callable[..., Any], pool: Any, work: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """Let the threads of a pool belong to the function that uses the pool, such as those of the transfer manager."""
    function = _function.get()

    def run() -> Any:
        with running_as(function):
            return work(*args, **named)

    return original(pool, run)


def _hooked_client(original: Callable[..., Any], *args: Any, **named: Any) -> Any:
    client = original(*args, **named)
    client.meta.events.register("provide-client-params", _before)
    client.meta.events.register("after-call", _after)
    return client


def _before(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    """Handle botocore's event before a call and before the signing of a URL."""
    if _function.get() is None:
        return
    service = _service(model)
    try:
        needs = needs_of(service, model.name, params)
    except OperationUnmapped as problem:
        in_force().refuse(f"the actions of {problem} are not known")
        raise
    context["not_found_needs"] = not_found_needs(service, model.name, params)
    in_force().check(model.name, needs)


def _after(http_response: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
    """Handle botocore's event after a call."""
    if http_response.status_code == 404:
        in_force().check(model.name, context.get("not_found_needs", []))


def _service(model: Any) -> str:
    service: str = model.service_model.service_id.hyphenize()
    return service


def notes_folder() -> Path:
    """Return the folder of the notes of this test run."""
    return Path(os.environ[FOLDER])


def noted(folder: Path, kind: str) -> dict[str, set[str]]:
    """Return the notes of a kind, `used` or `refused`, by the process that wrote them."""
    notes: dict[str, set[str]] = {}
    for file in folder.iterdir():
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        notes[file.name] = {str(content) for its_kind, content in lines if its_kind == kind}
    return notes
