"""Check 12 of an upload: the build graph gets no cycle (packages.md 7, builds.md 7.3)."""

import pytest
from msgspec import structs

from chalicelib.packages import upload_checks
from chalicelib.platform.config import config
from tests.api.client import Depot
from tests.builders.hart import a_hart
from tests.builders.log_lines import Log
from tests.builders.origins import an_origin
from tests.builders.packages import a_package, upload

STAMP = "1.0/20240101000000"


@pytest.fixture
def origin(depot: Depot) -> str:
    """A new origin of bobo."""
    return an_origin(depot)


def test_a_release_that_closes_a_cycle_is_424(depot: Depot, origin: str) -> None:
    a_package(depot, origin, name="lib")
    a_package(depot, origin, name="tool", build_deps=[f"{origin}/lib/{STAMP}"])
    a_package(depot, origin, name="app", deps=[f"{origin}/tool/{STAMP}"])
    closing = a_hart(origin=origin, name="lib", version="2.0", deps=[f"{origin}/app/{STAMP}"])

    refused = upload(depot, closing)

    assert (refused.status, refused.body) == (424, b"")
    assert depot.get(closing.url).status == 404


def test_a_release_that_is_not_the_latest_closes_none(depot: Depot, origin: str) -> None:
    a_package(depot, origin, name="lib", version="2.0")
    a_package(depot, origin, name="app", deps=[f"{origin}/lib/{STAMP}"])

    a_package(depot, origin, name="lib", version="1.0", deps=[f"{origin}/app/{STAMP}"])


def test_a_new_name_and_unknown_dependencies_close_none(depot: Depot, origin: str) -> None:
    a_package(depot, origin, name="app", deps=[f"{origin}/lib/{STAMP}"])

    a_package(depot, origin, name="lib", deps=[f"{origin}/app/{STAMP}", f"{origin}/lost/{STAMP}"])


def test_a_cycle_that_exists_does_not_stop_the_next_release(depot: Depot, origin: str) -> None:
    needed = [f"{origin}/app/{STAMP}", f"{origin}/lib/{STAMP}"]
    a_package(depot, origin, name="app", deps=[f"{origin}/lib/{STAMP}"])
    a_package(depot, origin, name="lib", deps=needed)

    a_package(depot, origin, name="lib", version="2.0", deps=needed)


def test_a_name_that_begins_to_need_itself_closes_one(depot: Depot, origin: str) -> None:
    a_package(depot, origin, name="gcc")
    closing = a_hart(origin=origin, name="gcc", version="2.0", build_deps=[f"{origin}/gcc/{STAMP}"])

    assert upload(depot, closing).status == 424


def test_other_targets_have_their_own_graph_and_some_have_none(depot: Depot, origin: str) -> None:
    for target in ("x86_64-linux", "aarch64-linux"):
        a_package(depot, origin, name="lib", target=target)
    a_package(depot, origin, name="app", target="aarch64-linux", deps=[f"{origin}/lib/{STAMP}"])
    closing = [f"{origin}/app/{STAMP}"]

    a_package(depot, origin, name="lib", version="2.0", deps=closing)
    a_package(depot, origin, name="lib", version="2.0", target="aarch64-linux", deps=closing)


def test_the_check_comes_before_that_of_the_metadata(depot: Depot, origin: str) -> None:
    a_package(depot, origin, name="lib")
    a_package(depot, origin, name="app", deps=[f"{origin}/lib/{STAMP}"])
    both = a_hart(origin=origin, name="lib", version="2.0", deps=["no ident", f"{origin}/app/{STAMP}"])

    assert upload(depot, both).status == 424


def test_a_setting_turns_the_check_off(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_checks, "config", structs.replace(config, cycle_check=False))
    a_package(depot, origin, name="lib")
    a_package(depot, origin, name="app", deps=[f"{origin}/lib/{STAMP}"])

    a_package(depot, origin, name="lib", version="2.0", deps=[f"{origin}/app/{STAMP}"])


def test_a_refusal_is_counted(depot: Depot, origin: str, log: Log) -> None:
    a_package(depot, origin, name="gcc")
    closing = a_hart(origin=origin, name="gcc", version="2.0", deps=[f"{origin}/gcc/{STAMP}"])

    upload(depot, closing)

    assert '"CycleClosed"' in log.lines[-1]
