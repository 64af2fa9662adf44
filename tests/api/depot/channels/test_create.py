"""POST /depot/channels/{origin}/{channel} (packages.md 9.2)."""

import re
import time
from urllib.parse import quote

import pytest

from chalicelib.catalog.lists import list_folding, list_rows
from chalicelib.core.ident import STORABLE_BYTES
from tests.api.client import Depot
from tests.builders.origins import an_origin
from tests.builders.packages import a_package, promote
from tests.builders.rows import partition_rows

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


def test_the_answer_is_201_with_the_channel(depot: Depot, origin: str, name: str) -> None:
    reply = depot.post(f"/depot/channels/{origin}/{name}", by="wesker")

    assert (reply.status, reply.headers["Content-Type"]) == (201, "application/json")
    created = reply.json()
    assert created == {
        "id": created["id"],
        "owner_id": depot.get("/profile", by="wesker").json()["id"],
        "name": name,
        "created_at": created["created_at"],
        "updated_at": created["created_at"],
        "origin": origin,
    }
    assert re.fullmatch(r"[0-9]{15,19}", created["id"])
    assert TIME.fullmatch(created["created_at"])
    assert {"name": name} in depot.get(f"/depot/channels/{origin}").json()
    assert depot.get(f"/depot/channels/{origin}/{name}/pkgs").json()["total_count"] == 0


def test_an_existing_channel_is_409_and_so_are_stable_and_unstable(depot: Depot, origin: str, name: str) -> None:
    assert depot.post(f"/depot/channels/{origin}/{name}", by="bobo").status == 201

    for channel in (name, "stable", "unstable"):
        reply = depot.post(f"/depot/channels/{origin}/{channel}", by="bobo")
        assert (reply.status, reply.body) == (409, b"")


@pytest.mark.parametrize("by", [None, "nonsense", "mystique", "hank", "lkennedy"])
def test_callers_below_maintainer_are_401(depot: Depot, origin: str, name: str, by: str | None) -> None:
    for path in (f"{origin}/{name}", f"{origin}/stable", "nowhere-at-all/x"):
        reply = depot.post(f"/depot/channels/{path}", by=by)
        assert (reply.status, reply.body) == (401, b"")
    assert {"name": name} not in depot.get(f"/depot/channels/{origin}").json()


def test_an_unknown_origin_is_401(depot: Depot, name: str) -> None:
    reply = depot.post(f"/depot/channels/nowhere-at-all/{name}", by="bobo")

    assert (reply.status, reply.body) == (401, b"")


LONGEST = 1016
"""Bytes of a channel's name. The key of the index of its packages has eight more, and 1,024 at most."""


@pytest.mark.parametrize("letter", ["x", "\u00e9"])
def test_a_name_of_which_no_list_could_be_kept_is_422(depot: Depot, origin: str, letter: str) -> None:
    count = LONGEST // len(letter.encode())
    for channel in (letter * count + "x", letter * 1_024, letter * 2_000):
        reply = depot.post(f"/depot/channels/{origin}/{quote(channel)}", by="bobo")
        assert (reply.status, reply.body) == (422, b"A name is too long to be stored.")


def test_a_name_with_which_a_package_could_not_be_stored_is_422(depot: Depot, origin: str) -> None:
    longest_name = "n" * (STORABLE_BYTES - len(f"{origin}//1/1"))
    hart = a_package(depot, origin, name=longest_name, version="1", release="1")
    statuses = set()
    for count in (500, 520, 530, 550, 600, 660):  # keys hold three letters for each percent sign
        path = quote("%" * count, safe="")
        created = depot.post(f"/depot/channels/{origin}/{path}", by="bobo").status
        statuses.add(created)
        if created == 201:
            promote(depot, hart, path)

    assert statuses == {201, 422}


def test_lists_are_folded_with_a_channel_of_the_longest_name(depot: Depot) -> None:
    origin, channel = an_origin(depot), "x" * LONGEST
    assert depot.post(f"/depot/channels/{origin}/{channel}", by="bobo").status == 201
    promote(depot, a_package(depot, origin), channel)

    time.sleep(2 * list_folding.SETTLED.total_seconds())
    list_folding.fold(origin)

    assert partition_rows(list_rows.changes_partition(origin)) == {}
    assert depot.get(f"/depot/channels/{origin}/{channel}/pkgs").json()["total_count"] == 1


@pytest.mark.parametrize("channel", ["LTS-2024.1", "a b", "Ä", "a/b", "a%2Fb", "-", "pkgs", "x" * 900])
def test_any_path_segment_is_a_valid_name(depot: Depot, origin: str, channel: str) -> None:
    assert depot.post(f"/depot/channels/{origin}/{quote(channel, safe='')}", by="bobo").json()["name"] == channel
    assert {"name": channel} in depot.get(f"/depot/channels/{origin}").json()


@pytest.mark.parametrize(
    "odd", ["\0", "\n", "\r\nX-Evil: 1", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u2029", "\u202e"], ids=ascii
)
def test_a_name_with_control_characters_is_422(depot: Depot, origin: str, odd: str) -> None:
    path = f"/depot/channels/{origin}/{quote(f'a{odd}b')}"

    reply = depot.post(path, by="bobo")

    assert (reply.status, reply.text) == (422, "A channel's name must not be `.` or `..` or have invisible characters")
    assert [depot.post(path, by=by).status for by in (None, "lkennedy")] == [401, 401]
    assert f"a{odd}b" not in [channel["name"] for channel in depot.get(f"/depot/channels/{origin}").json()]
    assert depot.delete(path, by="bobo").status == 200


def test_a_name_too_long_for_a_key_is_422(depot: Depot, origin: str) -> None:
    assert depot.post(f"/depot/channels/{origin}/{'x' * 1100}", by="bobo").status == 422


def test_a_body_is_ignored(depot: Depot, origin: str, name: str) -> None:
    headers = {"Content-Type": "application/json"}

    assert depot.post(f"/depot/channels/{origin}/{name}", by="bobo", body=b"{", headers=headers).status == 201
