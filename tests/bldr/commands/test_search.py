"""`bldr search` with a running Builder."""

from tests.bldr.command_line import CommandLine
from tests.builders.hart import a_hart
from tests.builders.stack import Stack


def test_search_prints_names_releases_or_json(stack: Stack, bobo: CommandLine) -> None:
    hart = a_hart(origin=stack.an_origin())
    assert stack.upload(hart).status_code == 201
    origin = hart.ident.origin

    assert bobo.succeeds("search", f"{origin}/widget") == f"{origin}/widget\n"
    assert bobo.succeeds("search", f"{origin}/widget", "--all") == f"{hart.path}\n"
    assert bobo.json("search", f"{origin}/widget") == [
        {"origin": origin, "name": "widget", "version": None, "release": None}
    ]


def test_a_search_without_results_succeeds_with_a_message_on_standard_error(stack: Stack, bobo: CommandLine) -> None:
    result = bobo.run("search", f"{stack.an_origin()}/gadget")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "matches" in result.stderr
