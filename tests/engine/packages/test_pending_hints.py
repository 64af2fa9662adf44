"""Uploads with many dependencies leave their hints to the state machine; readers find them at once."""

from typing import Any

import pytest

from chalicelib.catalog import name_rows, package_rows
from chalicelib.core.target import Target
from chalicelib.long_changes import steps as machine
from chalicelib.packages import dependents, hints, pending_hints, upload_checks
from chalicelib.platform import table
from chalicelib.platform.table import StoreUnavailable
from tests.api.client import Depot
from tests.builders.hart import Hart, a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_package, delete, upload
from tests.builders.rows import empty_partition, partition_rows

LINUX = Target("x86_64-linux")
MANY = 30


@pytest.fixture
def origin(depot: Depot) -> str:
    empty_partition(pending_hints.pending_partition(LINUX))
    return an_origin(depot)


def needs(origin: str, number: int = MANY) -> list[str]:
    """Return the idents of many packages, which need not exist."""
    return [f"{origin}/lib-{each:02}/1.0/1" for each in range(number)]


def needy(depot: Depot, origin: str, tdeps: list[str], **values: Any) -> Hart:
    """Publish a package that needs others."""
    return a_package(depot, origin, **{"name": "needy", "tdeps": tdeps} | values)


def pending() -> list[str]:
    """The ids of the packages whose hints are still to be written."""
    return list(partition_rows(pending_hints.pending_partition(LINUX)))


def hinted(origin: str, name: str) -> list[str]:
    """The names that hints say need a name."""
    return list(partition_rows(package_rows.dependents_partition(origin, name, LINUX)))


def write(package_id: str, seconds: float = 60.0) -> bool:
    return pending_hints.resume(f"{LINUX}-{int(package_id)}", seconds)


def needed_by(origin: str, name: str) -> list[str]:
    return list(dependents.of(origin, name, LINUX))


def test_few_hints_are_written_by_the_upload(depot: Depot, origin: str) -> None:
    needy(depot, origin, needs(origin, hints.PENDING_AFTER))

    assert pending() == []
    assert hinted(origin, "lib-00") == [f"{origin}/needy"]


def test_many_hints_are_found_before_and_after_they_are_written(depot: Depot, origin: str) -> None:
    needy(depot, origin, needs(origin))

    assert hinted(origin, "lib-00") == []
    assert needed_by(origin, "lib-00") == dependents.all_of(origin, "lib-00", LINUX) == [f"{origin}/needy"]
    [package] = pending()
    assert write(package)

    assert pending() == []
    assert all(hinted(origin, f"lib-{number:02}") == [f"{origin}/needy"] for number in range(MANY))
    assert needed_by(origin, "lib-29") == [f"{origin}/needy"]
    assert write(package), "a repeat has nothing to do"


def test_a_package_with_pending_dependents_cannot_be_deleted(depot: Depot, origin: str) -> None:
    library = a_package(depot, origin, name="lib-00")
    needy(depot, origin, needs(origin))

    assert depot.delete(library.url, by="bobo").status == 422
    rdeps = depot.get(f"/rdeps/{origin}/lib-00", query={"target": str(LINUX)}).json()
    assert rdeps["rdeps"] == [f"{origin}/needy"]


def test_names_from_hints_and_from_pending_ones_are_in_order(depot: Depot, origin: str) -> None:
    needy(depot, origin, needs(origin, 1), name="b")
    needy(depot, origin, needs(origin), name="c")
    needy(depot, origin, needs(origin), name="a")
    needy(depot, origin, needs(origin), name="b", version="2.0")

    assert needed_by(origin, "lib-00") == [f"{origin}/{name}" for name in "abc"]


def test_an_upload_does_not_rely_on_hints_that_are_pending(depot: Depot, origin: str) -> None:
    first = needy(depot, origin, needs(origin))
    needy(depot, origin, needs(origin), version="2.0")
    assert len(pending()) == 2
    delete(depot, first)
    for package in pending():
        write(package)

    assert needed_by(origin, "lib-00") == [f"{origin}/needy"]
    assert hinted(origin, "lib-00") == [f"{origin}/needy"]


def test_an_upload_relies_on_hints_that_are_written(depot: Depot, origin: str) -> None:
    needy(depot, origin, needs(origin))
    write(pending()[0])

    needy(depot, origin, needs(origin, MANY + 2), version="2.0")

    assert pending() == []
    assert hinted(origin, f"lib-{MANY + 1}") == [f"{origin}/needy"]


def test_a_package_that_is_deleted_while_its_hints_are_pending_leaves_none(depot: Depot, origin: str) -> None:
    package = needy(depot, origin, needs(origin))
    delete(depot, package)

    assert needed_by(origin, "lib-00") == []
    assert write(pending()[0])
    assert pending() == []
    assert hinted(origin, "lib-00") == []


def test_a_package_that_is_published_again_keeps_its_own_hints(depot: Depot, origin: str) -> None:
    delete(depot, needy(depot, origin, needs(origin)))
    [old] = pending()
    needy(depot, origin, needs(origin))
    [new] = [each for each in pending() if each != old]

    assert write(old)
    assert pending() == [new]
    assert needed_by(origin, "lib-00") == [f"{origin}/needy"]
    assert write(new)
    assert hinted(origin, "lib-00") == [f"{origin}/needy"]


def test_an_upload_does_not_take_forgotten_hints_for_written_ones(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest release is deleted after an upload has read it, and the writer forgets its hints."""
    newest = needy(depot, origin, needs(origin))
    real = upload_checks.newest_of_same_type

    def then_it_is_deleted(*arguments: Any) -> Any:
        found = real(*arguments)
        monkeypatch.setattr(upload_checks, "newest_of_same_type", real)
        with monkeypatch.context() as killed:
            killed.setattr(hints, "remove_of_deleted", lambda *_: None)
            delete(depot, newest)
        assert write(pending()[0])
        return found

    monkeypatch.setattr(upload_checks, "newest_of_same_type", then_it_is_deleted)
    needy(depot, origin, needs(origin), version="2.0")

    assert needed_by(origin, "lib-00") == [f"{origin}/needy"]


def test_hints_of_a_deleted_origin_are_forgotten(depot: Depot, origin: str) -> None:
    delete(depot, needy(depot, origin, needs(origin)))
    assert depot.delete(f"/settings/{origin}/needy", by="bobo").status == 204
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204

    assert write(pending()[0])

    assert pending() == []
    assert not partition_rows(name_rows.names_partition(origin))


def test_a_writer_stores_its_progress(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending_hints, "WRITTEN_AT_ONCE", 10)
    needy(depot, origin, needs(origin))
    [package] = pending()

    assert [write(package, -1.0) for _ in range(3)] == [False, False, True]

    assert all(hinted(origin, f"lib-{number:02}") for number in range(MANY))
    assert pending() == []


def test_a_step_of_the_machine_writes_pending_hints(depot: Depot, origin: str) -> None:
    needy(depot, origin, needs(origin))
    [package] = pending()
    event = {"kind": "hints", "origin": origin, "id": f"{LINUX}-{int(package)}", "generation": 1, "rounds": 0}

    assert machine.run(event)["next"] == "end"

    assert hinted(origin, "lib-00") == [f"{origin}/needy"]


@pytest.mark.parametrize("limit", ["READ_AT_MOST", "BYTES_READ_AT_MOST"])
def test_a_reader_reads_a_limited_number_of_pending_hints(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    for version in ("1.0", "2.0"):
        needy(depot, origin, needs(origin), version=version)
    row = next(table.rows(pending_hints.PendingHintsRow, pending_hints.pending_partition(LINUX)))
    monkeypatch.setattr(pending_hints, limit, 1 if limit == "READ_AT_MOST" else len(row.names))

    with pytest.raises(StoreUnavailable):
        needed_by(origin, "lib-00")

    write(pending()[0])
    assert needed_by(origin, "lib-00") == [f"{origin}/needy"]


def test_a_refused_upload_removes_only_what_it_has_written(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another upload of the package is faster, and needs other names."""
    real = hints.write

    def overtaken(*arguments: Any) -> Any:
        written = real(*arguments)
        monkeypatch.setattr(hints, "write", real)
        needy(depot, origin, [])
        return written

    monkeypatch.setattr(hints, "write", overtaken)
    slow = a_hart(origin=origin, name="needy", tdeps=needs(origin))
    assert upload(depot, slow).status == 409

    assert pending() == []
    assert hinted(origin, "lib-00") == []


def test_words_are_indexed_by_the_upload_itself(depot: Depot, origin: str) -> None:
    name = a_name("searched")
    needy(depot, origin, needs(origin), name=name)

    found = depot.get(f"/depot/pkgs/search/{name}").json()

    assert found["total_count"] == 1
