"""Hints go with the packages that need them; a reader removes what an interruption left (packages/hints.py)."""

from typing import Any

import pytest

from chalicelib.catalog import package_rows
from chalicelib.core.target import Target
from chalicelib.packages import dependents, hints
from chalicelib.platform import table
from tests.api.client import Depot
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_package, delete, upload
from tests.builders.rows import partition_rows
from tests.perf.calls import counted_calls

LINUX = Target("x86_64-linux")
STRANGERS = 120


@pytest.fixture
def origin(depot: Depot) -> str:
    return an_origin(depot)


@pytest.fixture
def elsewhere(depot: Depot) -> str:
    return an_origin(depot, owner="wesker")


def hinted(origin: str, name: str) -> list[str]:
    """The names that hints say need a name."""
    return sorted(partition_rows(package_rows.dependents_partition(origin, name, LINUX)))


def test_deleted_packages_of_strangers_do_not_slow_a_deletion(depot: Depot, origin: str, elsewhere: str) -> None:
    untouched, victim = a_package(depot, origin, name=a_name("tool")), a_package(depot, origin, name=a_name("tool"))
    for number in range(STRANGERS):
        needy = a_package(depot, elsewhere, by="wesker", name=f"needy-{number}", tdeps=[victim.path])
        delete(depot, needy, by="wesker")

    assert hinted(origin, victim.ident.name) == []
    with counted_calls() as before:
        delete(depot, untouched)
    with counted_calls() as after:
        delete(depot, victim)

    assert after == before


def test_a_hint_stays_while_an_older_release_needs_the_name(depot: Depot, origin: str) -> None:
    library, name = a_package(depot, origin, name=a_name("lib")), a_name("needy")
    old, *newer = (
        a_package(depot, origin, name=name, version=version, tdeps=tdeps)
        for version, tdeps in (("1.0", [library.path]), ("2.0", [library.path]), ("3.0", []))
    )

    delete(depot, newer[0])
    assert hinted(origin, library.ident.name) == [f"{origin}/{name}"]
    delete(depot, old)
    assert hinted(origin, library.ident.name) == []


def test_a_hint_stays_if_a_deletion_cannot_read_all_releases(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "RELEASES_READ", 2)
    library, name = a_package(depot, origin, name=a_name("lib")), a_name("needy")
    needy = [
        a_package(depot, origin, name=name, version=version, tdeps=[library.path] if version < "3" else [])
        for version in ("1.0", "2.0", "3.0", "4.0")
    ]

    delete(depot, needy[1])

    assert hinted(origin, library.ident.name) == [f"{origin}/{name}"]
    assert depot.delete(library.url, by="bobo").status == 422


def test_a_reader_removes_a_limited_number_of_hints_and_a_repeat_continues(
    depot: Depot, origin: str, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependents, "UNNEEDED", 2)
    library = a_package(depot, origin, name=a_name("lib"))
    name = (origin, library.ident.name)
    keys = [package_rows.dependent_key(name, LINUX, elsewhere, f"left-{number}") for number in range(3)]
    table.put_many([key.kind(key.pk, key.sk) for key in keys])

    first = depot.delete(library.url, by="bobo")

    assert (first.status, first.headers["Retry-After"] != "") == (503, True)
    assert hinted(origin, library.ident.name) == [f"{elsewhere}/left-2"]
    delete(depot, library)


def test_an_upload_that_another_one_overtakes_leaves_no_hints(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, name = a_package(depot, origin, name=a_name("lib")), a_name("needy")
    slow = a_hart(origin=origin, name=name, tdeps=[library.path])
    write = hints.write

    def overtaken(*arguments: Any) -> Any:
        written = write(*arguments)
        monkeypatch.setattr(hints, "write", write)
        a_package(depot, origin, name=name, version=slow.ident.version, release=slow.ident.release)
        return written

    monkeypatch.setattr(hints, "write", overtaken)

    assert upload(depot, slow).status == 409
    assert hinted(origin, library.ident.name) == []


def test_a_reader_removes_a_hint_that_no_release_needs(depot: Depot, origin: str, elsewhere: str) -> None:
    library = a_package(depot, origin, name=a_name("lib"))
    existing = a_package(depot, elsewhere, by="wesker", name="existing").ident.name
    keys = [
        package_rows.dependent_key((origin, library.ident.name), LINUX, elsewhere, name)
        for name in (existing, "never-uploaded")
    ]
    table.put_many([key.kind(key.pk, key.sk) for key in keys])

    delete(depot, library)

    assert hinted(origin, library.ident.name) == []
    a_package(depot, elsewhere, by="wesker", name="never-uploaded", tdeps=[library.path])
    assert hinted(origin, library.ident.name) == [f"{elsewhere}/never-uploaded"]
