"""`POST /depot/uploads/{id}/complete`: the answers of the raw POST (platform.md 4.4, packages.md 7)."""

import threading
from typing import Any

import pytest
import requests

from chalicelib.packages.upload import publish
from chalicelib.uploads import finishing, parts, service
from tests.api.client import Depot, Reply
from tests.builders.hart import Hart, a_hart
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.uploads import MIB, BigHart, an_upload
from tests.builders.waiting import PATIENCE


def raw_post(depot: Depot, hart: Hart) -> Reply:
    query = {"checksum": hart.checksum, "target": hart.target, "forced": "false"}
    return depot.post(hart.url, by="bobo", body=hart.content, query=query)


def show(depot: Depot, hart: Hart) -> dict[str, Any]:
    """The package without the fields that depend on its name or archive."""
    shown: dict[str, Any] = depot.get(hart.url, by="bobo").json()
    of_the_name = {
        "id",
        "ident",
        "ident_array",
        "created_at",
        "updated_at",
        "manifest",
        "name",
        "checksum",
        "size",
    }
    return {key: value for key, value in shown.items() if key not in of_the_name}


def with_content(hart: Hart, content: bytes) -> Hart:
    """An archive of the same ident and target with other bytes."""
    return Hart(content, hart.ident, hart.target)


def test_the_answer_is_that_of_the_raw_post(depot: Depot, origin: str, hart: Hart) -> None:
    reply = an_upload(depot, hart).send().complete()
    other = a_hart(origin=origin, name=a_name("raw"))
    raw = raw_post(depot, other)

    assert (reply.status, reply.headers["Content-Type"]) == (raw.status, raw.headers["Content-Type"])
    assert reply.text == raw.text.replace(other.path, hart.path)
    expected = raw.headers["Location"].replace(other.path, hart.path).replace(other.checksum, hart.checksum)
    assert reply.headers["Location"] == expected
    assert show(depot, hart) == show(depot, other)
    assert depot.get(f"{hart.url}/download").body == hart.content
    assert depot.get(hart.in_channel("unstable")).status == 200
    assert depot.get(hart.in_channel("stable")).status == 404


def test_a_repeat_gets_the_same_answer(depot: Depot, hart: Hart) -> None:
    upload = an_upload(depot, hart).send()
    first, second = upload.complete(), upload.complete()

    assert (second.status, second.text) == (first.status, first.text) == (201, f"/pkgs/{hart.path}/download")
    assert second.headers["Location"] == first.headers["Location"]
    assert upload.state()["state"] == "published"


def test_parts_may_be_sent_in_any_order(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SMALLEST_PART", 5 * MIB)
    big = BigHart(a_hart(origin=origin, name=a_name("big")).ident, 11)
    hart = Hart(b"".join(big.pieces()), big.ident, big.target)
    upload = an_upload(depot, hart)

    assert sorted(upload.parts) == [1, 2, 3]
    upload.send(3, 1)
    assert [part["number"] for part in upload.state()["received"]] == [1, 3]
    assert [part["number"] for part in upload.state()["parts"]] == [2]
    reply = upload.complete()
    assert (reply.status, reply.text) == (422, "Parts are missing: 2")
    upload.send(2)
    assert upload.complete().status == 201
    assert depot.get(f"{hart.url}/download").body == hart.content


def test_an_archive_of_unknown_size_is_complete_with_its_last_part(depot: Depot, hart: Hart) -> None:
    upload = an_upload(depot, hart, size=None).send(1)

    assert upload.complete().status == 201
    assert depot.get(f"{hart.url}/download").body == hart.content


def test_a_part_sent_again_replaces_the_first(depot: Depot, hart: Hart) -> None:
    upload = an_upload(depot, hart)
    requests.put(upload.parts[1], data=b"?" * len(hart.content), timeout=PATIENCE)
    requests.put(upload.parts[1], data=hart.content, timeout=PATIENCE)

    assert upload.complete().status == 201


def test_a_wrong_total_is_422_and_the_upload_stays_open(depot: Depot, hart: Hart) -> None:
    upload = an_upload(depot, hart, size=len(hart.content) + 1).send(1)

    reply = upload.complete()
    assert reply.status == 422
    assert reply.text == f"The parts have {len(hart.content)} bytes together, {len(hart.content) + 1} were announced"
    assert upload.state()["state"] == "open"


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "bytes of another checksum": ({}, {"checksum": "0" * 64}, "ds:up:3"),
    "another ident than announced": ({"name": "another"}, {}, "ds:up:6"),
    "no target": ({"omit": ["TARGET"]}, {}, "ds:up:1"),
    "an unknown package type": ({"package_type": "odd"}, {}, "ds:up:0"),
    "a target that is not served": ({"target": "x86_64-darwin"}, {}, ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_that_of_the_raw_post_and_final(depot: Depot, origin: str, case: str) -> None:
    fields, announced_fields, text = REFUSED[case]
    name = a_name("refused")
    hart = a_hart(origin=origin, **{"name": name, **fields})
    announced = a_hart(origin=origin, name=name)
    upload = an_upload(depot, hart, **{"ident": announced.path, **announced_fields}).send()
    query = {"checksum": announced_fields.get("checksum", hart.checksum), "target": hart.target}
    raw = depot.post(announced.url, by="bobo", body=hart.content, query=query)

    for _ in range(2):
        reply = upload.complete()
        assert (reply.status, reply.text) == (raw.status, raw.text)
        assert text in reply.text
    assert upload.state()["state"] == "refused"
    assert upload.state()["error"] == raw.text
    assert upload.state()["parts"] == []
    assert depot.get(announced.url).status == 404


def test_an_unreadable_archive_is_refused_with_the_reason(depot: Depot, hart: Hart) -> None:
    reply = an_upload(depot, with_content(hart, b"no archive at all")).send().complete()

    assert reply.status == 422
    assert reply.text.startswith("ds:up:0, err=")


def test_of_two_uploads_of_one_ident_the_first_to_complete_wins(depot: Depot, hart: Hart) -> None:
    first, second = an_upload(depot, hart).send(), an_upload(depot, hart).send()

    assert first.complete().status == 201
    assert second.complete().status == 409
    assert second.complete().status == 409
    assert first.complete().status == 201


def test_a_forced_upload_of_the_same_bytes_succeeds_and_of_other_bytes_does_not(depot: Depot, hart: Hart) -> None:
    other = a_hart(origin=hart.ident.origin, name=hart.ident.name, payload=b"other")
    upload = an_upload(depot, other, forced=True).send()
    assert raw_post(depot, hart).status == 201

    assert an_upload(depot, hart, forced=True).send().complete().status == 201
    reply = upload.complete()
    assert (reply.status, reply.text) == (422, "ds:up:4")
    assert depot.get(f"{hart.url}/download").body == hart.content


def test_an_upload_of_another_account_is_404(depot: Depot) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "hank", "maintainer")
    upload = an_upload(depot, a_hart(origin=origin)).send()

    for by, status in (("hank", 404), ("wesker", 404), (None, 401)):
        assert depot.post(f"{upload.url}/complete", by=by).status == status
        assert depot.get(upload.url, by=by).status == status
        assert depot.delete(upload.url, by=by).status == status
    assert upload.complete().status == 201


def test_a_former_member_cannot_complete(depot: Depot) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "hank", "member")
    upload = an_upload(depot, a_hart(origin=origin), by="hank").send()
    role = {"role": "readonly_member"}
    assert depot.put(f"/depot/origins/{origin}/users/hank/role", by="bobo", query=role).status == 204

    assert upload.complete().status == 403


def test_a_named_token_without_the_upload_scope_is_403(depot: Depot, hart: Hart) -> None:
    upload = an_upload(depot, hart).send()
    request = {"name": a_name("token"), "scopes": ["read"], "origin": hart.ident.origin}
    token = depot.post("/profile/tokens", by="bobo", json=request).json()["token"]

    for reply in (
        depot.post(f"{upload.url}/complete", by=token),
        depot.get(upload.url, by=token),
        depot.delete(upload.url, by=token),
    ):
        assert reply.status == 403
        assert "lacks the scope upload" in reply.text


def test_an_unknown_upload_is_404(depot: Depot) -> None:
    for url in ("/depot/uploads/1", "/depot/uploads/none", "/depot/uploads/" + "x" * 3000):
        assert depot.get(url, by="bobo").status == 404
        assert depot.post(f"{url}/complete", by="bobo").status == 404
        assert depot.delete(url, by="bobo").status == 404


def test_a_long_publication_is_202_and_a_repeat_waits_for_it(
    depot: Depot, hart: Hart, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def publish_later(*arguments: Any) -> None:
        assert released.wait(PATIENCE)
        publish(*arguments)

    monkeypatch.setattr(service, "WAIT_SECONDS", 0.1)
    monkeypatch.setattr(finishing, "publish", publish_later)
    upload = an_upload(depot, hart).send()

    reply = upload.complete()
    assert (reply.status, reply.text) == (202, "")
    assert reply.headers["Location"] == f"/v1{upload.url}"
    assert upload.state()["state"] == "finishing"
    assert upload.complete().status == 202, "a repeat waits and does not start another attempt"

    released.set()
    monkeypatch.setattr(service, "WAIT_SECONDS", PATIENCE)
    assert upload.complete().status == 201


def test_urls_start_at_the_requested_part(depot: Depot, hart: Hart) -> None:
    upload = an_upload(depot, hart, size=None)

    assert [part["number"] for part in upload.state(**{"from": 9_990})["parts"]] == list(range(9_990, 10_001))
    assert depot.get(upload.url, by="bobo", query={"from": "x"}).status == 400


def test_an_upload_that_began_in_a_deleted_origin_is_not_published_in_a_new_one(depot: Depot) -> None:
    """The account owns both origins, but the upload was permitted in the first one only."""
    origin = an_origin(depot)
    upload = an_upload(depot, a_hart(origin=origin, name=a_name("tool"))).send()
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204
    an_origin(depot, name=origin)

    assert upload.complete().status == 404

    assert depot.get(f"/depot/pkgs/{origin}").json()["data"] == []


def test_an_upload_of_a_member_who_was_removed_and_invited_again_can_be_completed(depot: Depot) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "mystique", "member")
    upload = an_upload(depot, a_hart(origin=origin, name=a_name("tool")), by="mystique").send()
    assert depot.delete(f"/depot/origins/{origin}/users/mystique", by="bobo").status == 204
    assert upload.complete().status == 403
    a_member(depot, origin, "mystique", "member")

    assert upload.complete().status == 201
