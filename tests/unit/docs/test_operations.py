"""Names and tags of operations in the OpenAPI document."""

import pytest

from chalicelib.docs.operations import operation_ids, tag
from chalicelib.http.answer import EMPTY_200, Answer
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Route


def show_thing(_: Call) -> Answer:
    """Return a thing."""
    return EMPTY_200


def ids_of(*names: str) -> list[str]:
    """The ids of operations, written as `METHOD /path`, that one handler serves."""
    routes = [Route(method, path, show_thing, ANYONE) for method, path in (name.split(" ") for name in names)]
    ids = operation_ids(routes)
    return [ids[name] for name in names]


def test_the_id_of_an_operation_is_the_name_of_its_handler() -> None:
    assert ids_of("GET /things/{origin}") == ["show_thing"]


def test_a_path_with_more_variables_is_named_for_the_last() -> None:
    names = ("GET /a/{origin}/{pkg}/{version}/latest", "GET /a/{origin}/latest", "GET /a/{origin}/{pkg}/latest")

    assert ids_of(*names) == ["show_thing_of_version", "show_thing", "show_thing_of_name"]


def test_a_word_in_place_of_a_variable_is_named() -> None:
    assert ids_of("GET /keys/latest", "GET /keys/{revision}") == ["show_thing_named_latest", "show_thing"]


def test_a_second_method_is_named() -> None:
    assert ids_of("PUT /all", "POST /all") == ["show_thing", "show_thing_by_post"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/depot/origins/{origin}", "origins"),
        ("/depot/origins/{origin}/secret_keys/latest", "keys"),
        ("/depot/{origin}/pkgs", "packages"),
        ("/depot/channels/{origin}/{channel}/pkgs", "channels"),
        ("/retention/{origin}", "retention"),
    ],
)
def test_a_tag_is_that_of_the_resource(path: str, expected: str) -> None:
    assert tag(path) == expected
