"""What an origin holds is limited, because its lists have no pages and must fit one answer (accounts.md 8)."""

import pytest
from msgspec import json

from chalicelib.catalog import origin_rows
from chalicelib.core import answer_size
from chalicelib.core.ident import STORABLE_BYTES
from chalicelib.origins.invitations import service as invitations
from chalicelib.origins.secrets import rows as secret_rows
from chalicelib.origins.user import service as own_origins
from chalicelib.platform.row import SORT_KEY_BYTES
from tests.api.client import Depot, Reply
from tests.builders.accounts import an_account
from tests.builders.keys import a_sealed_value
from tests.builders.origins import an_origin
from tests.builders.projects import connect


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most two of each kind."""
    for kind in origin_rows.MOST:
        monkeypatch.setitem(origin_rows.MOST, kind, 2)


def refused(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.text


@pytest.mark.usefixtures("most")
class TestNumbers:
    def test_keys(self, depot: Depot) -> None:
        url = f"/depot/origins/{an_origin(depot)}/keys"
        for _ in range(2):
            assert depot.post(url, by="bobo").status == 201

        assert refused(depot.post(url, by="bobo")) == (422, "An origin can have 2 keys at most")
        assert len(depot.get(url).json()) == 2

    def test_integrations(self, depot: Depot) -> None:
        url = f"/depot/origins/{an_origin(depot)}/integrations"
        for name in ("one", "two"):
            assert depot.put(f"{url}/docker/{name}", by="bobo", body=b"{}").status == 201

        text = "An origin can have 2 integrations at most"
        assert refused(depot.put(f"{url}/azure/three", by="bobo", body=b"{}")) == (422, text)
        assert depot.delete(f"{url}/docker/one", by="bobo").status == 204
        assert depot.put(f"{url}/azure/three", by="bobo", body=b"{}").status == 201

    def test_projects(self, depot: Depot) -> None:
        origin = an_origin(depot)
        for target in ("x86_64-linux", "x86_64-windows"):
            assert connect(depot, origin, target=target).status == 201

        text = "An origin can have 2 projects at most"
        assert refused(connect(depot, origin, target="aarch64-linux")) == (422, text)
        assert depot.delete(f"/projects/{origin}/testapp", by="bobo").status == 204
        assert connect(depot, origin, target="aarch64-linux").status == 201

    def test_secrets(self, depot: Depot) -> None:
        origin = an_origin(depot)
        url = f"/depot/origins/{origin}/secret"
        value = a_sealed_value("x", depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").text)
        for name in ("one", "two", "two"):
            assert depot.post(url, by="bobo", json={"name": name, "value": value}).status == 201

        reply = depot.post(url, by="bobo", json={"name": "three", "value": value})

        assert refused(reply) == (422, "An origin can have 2 secrets at most")
        assert depot.delete(f"{url}/one", by="bobo").status == 200
        assert depot.post(url, by="bobo", json={"name": "three", "value": value}).status == 201

    def test_channels(self, depot: Depot) -> None:
        origin = an_origin(depot)
        url = f"/depot/channels/{origin}"
        for name in ("one", "two"):
            assert depot.post(f"{url}/{name}", by="bobo").status == 201

        text = "An origin can have 2 channels at most"
        assert refused(depot.post(f"{url}/three", by="bobo")) == (422, text)
        assert depot.post(f"{url}/two", by="bobo").status == 409
        assert refused(depot.put(f"{url}/one/pkgs/promote", by="bobo", query={"channel": "three"})) == (422, text)
        assert [channel["name"] for channel in depot.get(url).json()] == ["one", "stable", "two", "unstable"]
        for name in ("one", "one"):
            assert depot.delete(f"{url}/{name}", by="bobo").status == 200
        assert depot.post(f"{url}/three", by="bobo").status == 201
        assert refused(depot.post(f"{url}/one", by="bobo")) == (422, text)

    def test_members_and_invitations(self, depot: Depot) -> None:
        origin = an_origin(depot)
        guests = [an_account() for _ in range(3)]
        urls = [f"/depot/origins/{origin}/users/{guest.name}/invitations" for guest in guests]
        first, second = (depot.post(url, by="bobo").json()["id"] for url in urls[:2])

        assert refused(depot.post(urls[2], by="bobo")) == (422, "An origin can have 2 invitations at most")
        assert depot.put(f"/depot/origins/{origin}/invitations/{first}", by=guests[0].token).status == 204
        assert depot.post(urls[2], by="bobo").status == 201
        reply = depot.put(f"/depot/origins/{origin}/invitations/{second}", by=guests[1].token)
        assert refused(reply) == (422, "An origin can have 2 members at most")


def test_the_values_of_all_secrets_fit_an_answer(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = an_origin(depot)
    url = f"/depot/origins/{origin}/secret"
    key = depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").text
    small, large = a_sealed_value("x", key), a_sealed_value("x" * 600, key)
    monkeypatch.setattr(secret_rows, "ALL_VALUES_BYTES", len(small) + len(large))

    def store(name: str, value: str) -> int:
        return depot.post(url, by="bobo", json={"name": name, "value": value}).status

    assert [store("one", large), store("two", small)] == [201, 201]
    assert [store("three", small), store("two", large)] == [422, 422]
    assert store("one", small) == 201
    assert store("two", large) == 201
    assert depot.delete(f"{url}/two", by="bobo").status == 200
    assert store("three", large) == 201


def test_the_limits_keep_the_lists_within_an_answer() -> None:
    longest_member, longest_invitation, longest_key = 258, 900, 640
    longest_channel = answer_size.text_size(json.encode([{"name": '"' * SORT_KEY_BYTES}]))

    assert origin_rows.MOST["members"] * longest_member < answer_size.PLANNED_LIMIT
    assert origin_rows.MOST["invitations"] * longest_invitation < answer_size.PLANNED_LIMIT
    assert (origin_rows.MOST["channels"] + 2) * longest_channel < answer_size.PLANNED_LIMIT
    assert origin_rows.MOST["keys"] * longest_key < answer_size.PLANNED_LIMIT
    assert origin_rows.MOST["projects"] * (STORABLE_BYTES + len('\\"\\",')) < answer_size.PLANNED_LIMIT
    assert secret_rows.ALL_VALUES_BYTES + origin_rows.MOST["secrets"] * 1_100 < answer_size.PLANNED_LIMIT


def test_lists_that_other_accounts_fill_show_the_first_entries(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "PENDING_SHOWN", 1)
    monkeypatch.setattr(own_origins, "ORIGINS_SHOWN", 1)
    guest = an_account()
    sent = [
        depot.post(f"/depot/origins/{an_origin(depot)}/users/{guest.name}/invitations", by="bobo").json()
        for _ in range(2)
    ]

    assert [each["id"] for each in depot.get("/user/invitations", by=guest.token).json()] == [sent[0]["id"]]
    for each in sent:
        assert depot.put(f"/depot/origins/{each['origin']}/invitations/{each['id']}", by="bobo").status == 204
    assert len(depot.get("/user/origins", by=guest.token).json()) == 1
