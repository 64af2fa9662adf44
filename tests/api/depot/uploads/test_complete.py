"""Completing an upload is the raw POST of its archive: same answers, same package (platform.md 4.4; packages.md 7)."""

import pytest

from chalicelib.uploads import parts, service
from tests.builders.hart import a_hart
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.uploads import MIB, BigHart, an_upload
from tests.builders.waiting import PATIENCE


@pytest.fixture(scope="module")
def origin(depot):
    return an_origin(depot)


@pytest.fixture
def hart(origin):
    return a_hart(origin=origin, name=a_name("tool"))


def raw_post(depot, hart, **query):
    query = {"checksum": hart.checksum, "target": hart.target, "forced": "false", **query}
    return depot.post(hart.url, by="bobo", body=hart.content, query=query)


def show(depot, hart):
    shown = depot.get(hart.url, by="bobo").json()
    for of_the_name in (
        "id",
        "ident",
        "ident_array",
        "created_at",
        "updated_at",
        "manifest",
        "name",
        "checksum",
        "size",
    ):
        shown.pop(of_the_name, None)
    return shown


def test_it_answers_as_the_raw_post_does(depot, origin, hart):
    begun = an_upload(depot, hart).send()
    reply = begun.complete()
    other = a_hart(origin=origin, name=a_name("raw"))
    raw = raw_post(depot, other)

    assert (reply.status, reply.headers["Content-Type"]) == (raw.status, raw.headers["Content-Type"])
    assert reply.text == raw.text.replace(other.path, hart.path)
    wanted = raw.headers["Location"].replace(other.path, hart.path).replace(other.checksum, hart.checksum)
    assert reply.headers["Location"] == wanted
    assert show(depot, hart) == show(depot, other)
    assert depot.get(f"{hart.url}/download").body == hart.content
    assert depot.get(hart.in_channel("unstable")).status == 200
    assert depot.get(hart.in_channel("stable")).status == 404


def test_a_repeat_gets_the_same_answer(depot, hart):
    begun = an_upload(depot, hart).send()
    first, second = begun.complete(), begun.complete()

    assert (second.status, second.text) == (first.status, first.text) == (201, f"/pkgs/{hart.path}/download")
    assert second.headers["Location"] == first.headers["Location"]
    assert begun.state()["state"] == "published"


def test_several_parts_become_one_archive_in_any_order(depot, origin, monkeypatch):
    monkeypatch.setattr(parts, "SMALLEST_PART", 5 * MIB)
    big = BigHart(a_hart(origin=origin, name=a_name("big")).ident, 11)
    hart = a_hart_of(big)
    begun = an_upload(depot, hart)

    assert sorted(begun.parts) == [1, 2, 3]
    begun.send(3, 1)
    assert [part["number"] for part in begun.state()["received"]] == [1, 3]
    assert [part["number"] for part in begun.state()["parts"]] == [2]
    reply = begun.complete()
    assert (reply.status, reply.text) == (422, "Parts are missing: 2")
    begun.send(2)
    assert begun.complete().status == 201
    assert depot.get(f"{hart.url}/download").body == hart.content


def test_an_archive_of_unknown_size_is_complete_with_its_last_part(depot, hart):
    begun = an_upload(depot, hart, size=None).send(1)

    assert begun.complete().status == 201
    assert depot.get(f"{hart.url}/download").body == hart.content


def test_a_part_sent_again_replaces_the_first(depot, hart):
    begun = an_upload(depot, a_hart_like(hart, b"not it"), checksum=hart.checksum, size=len(hart.content))
    import requests

    requests.put(begun.parts[1], data=b"?" * len(hart.content), timeout=PATIENCE)
    requests.put(begun.parts[1], data=hart.content, timeout=PATIENCE)

    assert begun.complete().status == 201


def test_too_few_bytes_are_said_and_can_be_sent_again(depot, hart):
    begun = an_upload(depot, hart, size=len(hart.content) + 1).send(1)

    reply = begun.complete()
    assert reply.status == 422
    assert reply.text == f"The parts have {len(hart.content)} bytes together, {len(hart.content) + 1} were announced"
    assert begun.state()["state"] == "open"


REFUSED = {
    "bytes of another checksum": ({}, {"checksum": "0" * 64}, "ds:up:3"),
    "another ident than announced": ({"name": "another"}, {}, "ds:up:6"),
    "no target": ({"omit": ["TARGET"]}, {}, "ds:up:1"),
    "an unknown package type": ({"package_type": "odd"}, {}, "ds:up:0"),
    "a target that is not served": ({"target": "x86_64-darwin"}, {}, ""),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_as_the_raw_post_is_and_stays_refused(depot, origin, what):
    wishes, more, text = REFUSED[what]
    name = a_name("refused")
    hart = a_hart(origin=origin, **{"name": name, **wishes})
    announced = a_hart(origin=origin, name=name)
    begun = an_upload(depot, hart, **{"ident": announced.path, **more}).send()
    query = {"checksum": more.get("checksum", hart.checksum), "target": hart.target}
    raw = depot.post(announced.url, by="bobo", body=hart.content, query=query)

    for _ in range(2):
        reply = begun.complete()
        assert (reply.status, reply.text) == (raw.status, raw.text)
        assert text in reply.text
    assert begun.state()["state"] == "refused"
    assert begun.state()["error"] == raw.text
    assert begun.state()["parts"] == []
    assert depot.get(announced.url).status == 404


def test_garbage_is_refused_with_its_reason(depot, origin):
    hart = a_hart_like(a_hart(origin=origin, name=a_name("garbage")), b"no archive at all")
    reply = an_upload(depot, hart).send().complete()

    assert reply.status == 422
    assert reply.text.startswith("ds:up:0, err=")


def test_two_uploads_of_one_ident_the_first_wins(depot, hart):
    first, second = an_upload(depot, hart).send(), an_upload(depot, hart).send()

    assert first.complete().status == 201
    assert second.complete().status == 409
    assert second.complete().status == 409
    assert first.complete().status == 201


def test_a_forced_upload_of_the_same_bytes_succeeds_and_of_others_does_not(depot, hart):
    other = a_hart(origin=hart.ident.origin, name=hart.ident.name, payload=b"other")
    begun = an_upload(depot, other, forced=True).send()
    assert raw_post(depot, hart).status == 201

    assert an_upload(depot, hart, forced=True).send().complete().status == 201
    reply = begun.complete()
    assert (reply.status, reply.text) == (422, "ds:up:4")
    assert depot.get(f"{hart.url}/download").body == hart.content


def test_it_is_nobody_elses(depot):
    origin = an_origin(depot)
    a_member(depot, origin, "hank", "maintainer")
    begun = an_upload(depot, a_hart(origin=origin)).send()

    for by, status in (("hank", 404), ("wesker", 404), (None, 401)):
        assert depot.post(f"{begun.url}/complete", by=by).status == status
        assert depot.get(begun.url, by=by).status == status
        assert depot.delete(begun.url, by=by).status == status
    assert begun.complete().status == 201


def test_who_may_no_longer_publish_cannot_complete(depot):
    origin = an_origin(depot)
    a_member(depot, origin, "hank", "member")
    begun = an_upload(depot, a_hart(origin=origin), by="hank").send()
    assert (
        depot.put(f"/depot/origins/{origin}/users/hank/role", by="bobo", query={"role": "readonly_member"}).status
        == 204
    )

    assert begun.complete().status == 403


def test_an_unknown_upload_is_404(depot):
    for url in ("/depot/uploads/1", "/depot/uploads/none", "/depot/uploads/" + "x" * 3000):
        assert depot.get(url, by="bobo").status == 404
        assert depot.post(f"{url}/complete", by="bobo").status == 404
        assert depot.delete(url, by="bobo").status == 404


def test_what_takes_long_is_202_and_can_be_waited_for(depot, hart, monkeypatch):
    import threading

    go_on = threading.Event()
    wait_for_it = service.finishing.publish
    monkeypatch.setattr(service, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(service.finishing, "publish", lambda *told: go_on.wait(PATIENCE) and wait_for_it(*told))
    begun = an_upload(depot, hart).send()

    reply = begun.complete()
    assert (reply.status, reply.text) == (202, "")
    assert reply.headers["Location"] == f"/v1{begun.url}"
    assert begun.state()["state"] == "finishing"
    assert begun.complete().status == 202, "a repeat waits, and begins nothing of its own"

    go_on.set()
    monkeypatch.setattr(service, "PATIENCE_SECONDS", PATIENCE)
    assert begun.complete().status == 201


def test_a_window_of_urls_begins_where_it_is_asked_to(depot, hart):
    begun = an_upload(depot, hart, size=None)

    assert [part["number"] for part in begun.state(**{"from": 9_990})["parts"]] == list(range(9_990, 10_001))
    assert depot.get(begun.url, by="bobo", query={"from": "x"}).status == 400


def a_hart_like(hart, content):
    from tests.builders.hart import Hart

    return Hart(content, hart.ident, hart.target)


def a_hart_of(big):
    return a_hart_like(big, b"".join(big.pieces()))
