"""Requests that schemathesis makes from the OpenAPI document. Every answer must be one that the document describes.

`make fuzz` runs the same tests with many more requests for each operation.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckContext
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app import app
from chalicelib.docs.parameters import PATH
from chalicelib.platform import outbound
from tests.api.client import Depot
from tests.builders.accounts import an_account
from tests.builders.hart import a_hart
from tests.builders.keys import a_signing_pair
from tests.builders.names import a_name

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "4"))
"""How many requests are made for each operation."""

CALLERS = ["owner", "owner", "outsider", "anonymous", "bad token"]
"""Who sends the requests. Most requests of the others are refused before their values matter."""

OPERATIONS = [route.name for route in app.declared if min(route.answers) < 400]


def no_failure_of_the_service(_: CheckContext, response: Any, case: Any) -> None:
    """Fail for statuses that no request may cause, although every operation describes them."""
    assert response.status_code not in (502, 503), f"{case.operation.label} answered {response.status_code}"


def no_undescribed_body(_: CheckContext, response: Any, case: Any) -> None:
    """Fail for a body without described content, unless it is the text of a refusal."""
    described = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    if response.content and not described.get("content"):
        (content_type,) = response.headers["content-type"]
        assert response.status_code >= 400
        assert content_type.startswith("text/plain")


CHECKS = [
    content_type_conformance,
    no_failure_of_the_service,
    no_undescribed_body,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@dataclass(frozen=True)
class Scene:
    """A depot with a package, whose ident and channel are values of the parameters in `known`."""

    schema: Any
    url: str
    tokens: Mapping[str, str | None]
    known: Mapping[str, str]

    def operation(self, name: str) -> Any:
        """Return an operation by the name of its route."""
        method, path = name.split(" ")
        return self.schema[path][method]

    def requests(self, operation: Any) -> st.SearchStrategy[Any]:
        """Requests with valid and invalid values, for things that exist and for others."""
        names = {parameter.name for parameter in operation.path_parameters}
        known = {name: value for name, value in self.known.items() if name in names}
        examples = [case.map(self._for_known_things) for case in operation.get_strategies_from_examples()]
        return st.one_of(
            *examples,
            operation.as_strategy(GenerationMode.POSITIVE, path_parameters=known),
            operation.as_strategy(GenerationMode.POSITIVE),
            operation.as_strategy(GenerationMode.NEGATIVE),
        )

    def _for_known_things(self, case: Any) -> Any:
        for name in case.path_parameters:
            case.path_parameters[name] = self.known.get(name, case.path_parameters[name])
        return case

    def send(self, case: Any, token: str | None) -> None:
        """Send a request as a caller, and check the answer."""
        case.headers.pop("Authorization", None)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        response = case.call(base_url=self.url, headers=headers, allow_redirects=False)
        case.validate_response(response, checks=CHECKS)


@pytest.fixture(scope="module")
def scene(depot: Depot, api_url: str) -> Iterator[Scene]:
    """An account with an origin that has a package in `stable`, named like the examples of the document."""
    owner = an_account()
    origin = a_name("origin")
    known = {name: example for name, (_, example) in PATH.items()} | {"origin": origin}
    hart = a_hart(origin=origin, name=known["pkg"], version=known["version"], release=known["release"])
    public, _ = a_signing_pair(origin, known["revision"])
    assert depot.post("/depot/origins", by=owner.token, json={"name": origin}).status == 201
    keys = f"/depot/origins/{origin}/keys/{known['revision']}"
    assert depot.post(keys, by=owner.token, body=public.text.encode()).status == 201
    upload = depot.post(hart.url, by=owner.token, body=hart.content, query={"checksum": hart.checksum})
    assert upload.status == 201
    assert depot.put(f"{hart.in_channel('stable')}/promote", by=owner.token).status == 200
    schema = schemathesis.openapi.from_dict(depot.get("/openapi.json").json())
    tokens = {"anonymous": None, "bad token": "bldr_bad", "outsider": an_account().token, "owner": owner.token}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbound, "_within", _unreachable)
        yield Scene(schema, api_url, tokens, known)


def _unreachable(*_: object) -> Any:
    """Other services do not get requests with random values."""
    raise outbound.Unreachable


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_described(scene: Scene, name: str) -> None:
    @settings(max_examples=REQUESTS)
    @given(case=scene.requests(scene.operation(name)), caller=st.sampled_from(CALLERS))
    def check(case: Any, caller: str) -> None:
        scene.send(case, scene.tokens[caller])

    check()


@pytest.mark.parametrize("status", [200, 404])
def test_an_answer_that_is_not_described_is_found(depot: Depot, scene: Scene, status: int) -> None:
    document = depot.get("/openapi.json").json()
    responses = document["paths"]["/depot/origins/{origin}"]["get"]["responses"]
    if status == 404:
        del responses["404"]
    else:
        responses["200"]["content"]["application/json"]["schema"] = {"type": "array"}
    schema = schemathesis.openapi.from_dict(document)
    origin = scene.known["origin"] if status == 200 else "absent"
    case = schema["/depot/origins/{origin}"]["GET"].Case(path_parameters={"origin": origin})

    with pytest.raises((Failure, FailureGroup)):
        scene.send(case, None)


def test_a_body_that_is_not_described_is_found(depot: Depot, scene: Scene) -> None:
    document = depot.get("/openapi.json").json()
    del document["paths"]["/depot/origins/{origin}"]["get"]["responses"]["200"]["content"]
    schema = schemathesis.openapi.from_dict(document)
    case = schema["/depot/origins/{origin}"]["GET"].Case(path_parameters={"origin": scene.known["origin"]})

    with pytest.raises((Failure, FailureGroup)):
        scene.send(case, None)
