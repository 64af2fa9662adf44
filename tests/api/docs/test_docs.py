"""The API described by itself (design.md section 3)."""

from tests.api.client import Depot

SHOW = "/depot/pkgs/{origin}/{pkg}/{version}/{release}"


def test_the_document_has_every_operation_with_its_variables_and_permission(depot: Depot) -> None:
    from app import app

    document = depot.get("/openapi.json").json()

    described = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert described == {route.name for route in app.declared}
    upload = document["paths"][SHOW]["post"]
    assert [variable["name"] for variable in upload["parameters"]] == ["origin", "pkg", "version", "release"]
    assert "from the role member" in upload["description"]
    assert upload["security"] == [{"bearer": []}]
    assert {} in document["paths"][SHOW]["get"]["security"]


def test_every_operation_says_what_it_does_under_an_id_of_its_own(depot: Depot) -> None:
    operations = [
        operation for methods in depot.get("/openapi.json").json()["paths"].values() for operation in methods.values()
    ]

    assert all(operation["summary"] for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)


def test_the_page_shows_every_operation(depot: Depot) -> None:
    page = depot.get("/docs")

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f"<code>POST {SHOW}</code>" in page.text
