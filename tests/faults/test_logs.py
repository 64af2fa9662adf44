"""Logs of faults do not contain the values that clients sent, and answers do not contain the cause of the fault."""

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from chalicelib.origins.integrations import service as integrations
from chalicelib.origins.secrets import service as secrets
from chalicelib.platform import aws, logs
from tests.api.client import Depot
from tests.builders.log_lines import Log, log_lines
from tests.builders.origins import an_origin
from tests.faults.injector import everything, faults, lost, refused
from tests.faults.operations import WRITES
from tests.faults.scenes import Scene, a_scene

INTERNAL = ("injected", "Exception", "Error", "Traceback", "dynamodb", "amazonaws", "botocore", "bldr-", "chalicelib")


@pytest.fixture
def log() -> Iterator[Log]:
    with log_lines() as log:
        yield log


@pytest.mark.parametrize("name", WRITES)
def test_an_outage_does_not_disclose_anything(depot: Depot, token: str, name: str, log: Log) -> None:
    scene = a_scene(depot, token, WRITES[name].prepare)
    log.lines.clear()

    with faults(everything(lost)):
        reply = WRITES[name].act(scene)

    assert reply.status in (502, 503)
    assert reply.body == b""
    assert not [word for word in INTERNAL if word in str(reply.headers)]
    assert "StoreUnavailable" in log.text or "ObjectStoreFailed" in log.text
    for text in confidential(scene):
        assert text not in log.text


def confidential(scene: Scene) -> list[str]:
    """Return the texts that only the client may know."""
    prepared = scene.prepared
    texts = [scene.token, "hush", '"password"', "new@x.org"]
    if "account" in prepared:
        texts.append(prepared["account"].token)
    sealed = prepared.get("sealed", {}).get("value")
    return texts + [text.splitlines()[-1] for text in (prepared.get("secret"), sealed) if text]


class TestUnexpectedErrors:
    """The log contains types, locations and codes of errors, but not the values in their messages."""

    def logged(self, log: Log, problem: BaseException) -> Any:
        logs.unexpected_error(problem)
        return json.loads(log.lines[-1])["problem"]

    def test_values_in_messages_are_left_out_along_the_chain_of_causes(self, log: Log) -> None:
        try:
            try:
                try:
                    int("hunter2")
                except ValueError as problem:
                    raise KeyError("hunter2") from problem
            except KeyError:
                raise RuntimeError("hunter2")  # noqa: B904 - the chain must include contexts
        except RuntimeError as problem:
            raised = problem

        logged = self.logged(log, raised)

        assert [each["type"] for each in logged] == [
            "builtins.RuntimeError",
            "builtins.KeyError",
            "builtins.ValueError",
        ]
        assert "hunter2" not in json.dumps(logged)
        assert all("test_logs.py" in each["at"][0] for each in logged)

    def test_codes_of_aws_are_logged(self, log: Log) -> None:
        denied = everything(refused(400, "AccessDeniedException", "user hunter2 may not"))
        with faults(denied), pytest.raises(aws.SecretUnavailable) as caught:
            aws.secret_text("builder-key")

        logged = self.logged(log, caught.value)

        assert logged[1]["aws"] == {
            "operation": "GetSecretValue",
            "code": "AccessDeniedException",
            "request": "injected",
        }
        assert logged[0]["message"] == "builder-key", "the name of the secret"
        assert "hunter2" not in json.dumps(logged)

    def test_messages_of_the_interpreter_are_logged(self, log: Log) -> None:
        nothing: Any = None
        with pytest.raises(AttributeError) as caught:
            nothing.attribute()

        assert self.logged(log, caught.value)[0]["message"] == "'NoneType' object has no attribute 'attribute'"

    def test_a_cycle_of_causes_ends(self, log: Log) -> None:
        one, other = ValueError(), ValueError()
        one.__cause__, other.__cause__ = other, one

        assert len(self.logged(log, one)) == 2


@pytest.mark.parametrize("module", [integrations, secrets], ids=["integration", "secret"])
def test_a_bug_does_not_disclose_a_secret(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, log: Log, module: ModuleType
) -> None:
    origin = an_origin(depot)

    def fail(*arguments: Any, **options: Any) -> None:
        raise ValueError(f"cannot use {arguments} {options}")

    monkeypatch.setattr(module, "put", fail)
    if module is integrations:
        path = f"/depot/origins/{origin}/integrations/docker/hub"
        reply = depot.put(path, by="bobo", json={"password": "hunter2"})
    else:
        reply = depot.post(f"/depot/origins/{origin}/secret", by="bobo", json={"name": "a", "value": "hunter2"})

    assert (reply.status, reply.body) == (500, b"")
    assert "hunter2" not in log.text
