"""An install reads no row that all installs of an origin or channel read (packages.md 9.6)."""

import pytest

from chalicelib.catalog import channel_rows
from chalicelib.channels import deletion
from chalicelib.core.ident import PackageIdent
from tests.api.client import Depot
from tests.builders.origins import an_origin
from tests.builders.releases import a_release, promoted
from tests.builders.rows import partition_rows, partitions_of
from tests.perf.recording import recorded_calls


def keys_read(depot: Depot, ident: PackageIdent, channel: str) -> set[str]:
    """Return the partition keys of the rows that both requests of an install read by key."""
    path = f"/depot/channels/{ident.origin}/{channel}/pkgs/{ident.name}"
    with recorded_calls() as recorder:
        for form in (f"{path}/latest", f"{path}/{ident.version}/{ident.release}"):
            assert depot.get(form).status == 200
    return {
        key["pk"]["S"]
        for exchange in recorder.exchanges
        if exchange.operation == "BatchGetItem"
        for request in exchange.parameters["RequestItems"].values()
        for key in request["Keys"]
    }


def kinds(keys: set[str]) -> set[str]:
    return {key.partition("#")[0] for key in keys}


OF_THE_PACKAGE = {"RELEASES", "TEXTS", "IDENTS"}


@pytest.mark.parametrize("channel", ["stable", "unstable"])
def test_installs_from_an_initial_channel_read_rows_of_the_package_only(depot: Depot, channel: str) -> None:
    ident = a_release(depot, an_origin(depot))
    promoted(depot, ident, "stable")

    assert kinds(keys_read(depot, ident, channel)) == OF_THE_PACKAGE


def test_installs_of_different_names_read_different_copies_of_a_channel(depot: Depot) -> None:
    origin = an_origin(depot)
    copies = set()
    for number in range(8):
        ident = a_release(depot, origin, f"tool-{number}")
        promoted(depot, ident, "base")
        keys = keys_read(depot, ident, "base")
        assert kinds(keys) == OF_THE_PACKAGE | {"CHANNEL-COPIES"}
        copies |= {key for key in keys if key.startswith("CHANNEL-COPIES")}

    assert len(copies) > 4


def test_the_copies_of_a_channel_exist_as_long_as_the_channel(depot: Depot) -> None:
    origin = an_origin(depot)

    def copies() -> int:
        partitions = [pk for pk in partitions_of(origin) if pk.startswith("CHANNEL-COPIES#")]
        return sum(len(partition_rows(pk)) for pk in partitions)

    for _ in range(2):
        assert depot.post(f"/depot/channels/{origin}/base", by="bobo").status == 201
        assert depot.post(f"/depot/channels/{origin}/bldr-1234", by="bobo").status == 201
        assert copies() == channel_rows.COPIES
        for channel in ("base", "bldr-1234"):
            assert depot.delete(f"/depot/channels/{origin}/{channel}", by="bobo").status == 200
        assert copies() == 0


@pytest.mark.parametrize("channel", ["base", "bldr-1234"])
def test_readers_lose_a_channel_before_its_packages_leave_it(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    ident = a_release(depot, an_origin(depot))
    promoted(depot, ident, channel)
    path = f"/depot/channels/{ident.origin}/{channel}/pkgs/{ident.name}"
    monkeypatch.setattr(deletion, "_remove_members", lambda *_: False)
    assert depot.get(f"{path}/latest").status == 200

    assert depot.delete(f"/depot/channels/{ident.origin}/{channel}", by="bobo").status == 200

    assert depot.get(f"{path}/latest").status == 404
    assert depot.get(f"{path}/{ident.version}/{ident.release}").status == 404


def test_a_refused_creation_of_a_channel_that_exists_writes_nothing(depot: Depot) -> None:
    origin = an_origin(depot)
    depot.post(f"/depot/channels/{origin}/base", by="bobo")

    with recorded_calls() as recorder:
        assert depot.post(f"/depot/channels/{origin}/base", by="bobo").status == 409

    assert recorder.write_units == 0
