"""Twenty clients change one origin concurrently; its rows stay consistent (accounts.md 6.1, 8.4-8.7 and section 9).

Consistent rows: one owner, the same in the origin and among the members; all rows of each membership and invitation, or
none; correct counts; an encryption key whose revision no signing key has; and nothing after a deletion. The rows are
checked after every call to the table. Some clients are killed before they finish.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from chalicelib.accounts.errors import STATUS as ACCOUNT_ERRORS
from chalicelib.catalog.errors import STATUS as CATALOG_ERRORS
from chalicelib.catalog.origin_rows import origin_partition
from chalicelib.core.roles import Role
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.identity.credentials import Credential
from chalicelib.identity.errors import STATUS as CALLER_ERRORS
from chalicelib.identity.registration import find_or_create
from chalicelib.origins import deletion, service
from chalicelib.origins.errors import STATUS as ORIGIN_ERRORS
from chalicelib.origins.invitations import rows as invitation_rows
from chalicelib.origins.invitations import service as invitations
from chalicelib.origins.keys import service as keys
from chalicelib.origins.members import service as members
from chalicelib.platform.table import StoreUnavailable
from tests.builders.histories import CLIENTS, Histories
from tests.builders.keys import a_signing_pair
from tests.builders.names import a_name
from tests.builders.rows import partition_rows, row_keys

HISTORIES = int(os.environ.get("ORIGIN_HISTORIES", "200"))
REFUSALS: tuple[type[Exception], ...] = (
    *ACCOUNT_ERRORS,
    *CALLER_ERRORS,
    *CATALOG_ERRORS,
    *ORIGIN_ERRORS,
    StoreUnavailable,
)


@dataclass(frozen=True)
class Client:
    """An account that sends requests."""

    name: str
    account_id: int

    def caller(self, origin: str) -> Caller:
        return Caller(Credential(self.account_id, key=None, name=self.name), origin, changes=True)


@dataclass(frozen=True)
class Scene:
    """An origin's name, the accounts that send requests to it, random choices, and the requests that succeeded."""

    origin: str
    clients: list[Client]
    random: random.Random
    succeeded: set[str] = field(default_factory=set)

    def send(self, request: str, client: Client, other: Client) -> None:
        """Call the service as the route of a request does. A refusal is a valid answer."""
        try:
            REQUESTS[request](self, client.caller(self.origin), other)
            self.succeeded.add(request)
        except REFUSALS:
            return

    def an_invitation(self, to: Client) -> int:
        existing = [*invitations.of_origin(self.origin), *invitation_rows.pending(to.account_id)]
        return int(self.random.choice(existing).id) if existing else 0

    def a_role(self) -> Role:
        return self.random.choice((Role.READONLY_MEMBER, Role.MAINTAINER, Role.ADMINISTRATOR, Role.ADMINISTRATOR))

    def a_secret_key(self) -> bytes:
        return a_signing_pair(self.origin, f"2024010100000{self.random.randrange(4)}")[1].text.encode()


REQUESTS: dict[str, Callable[[Scene, Caller, Client], object]] = {
    "create": lambda scene, caller, _: service.create(scene.origin, Visibility.PUBLIC, caller.require_session()),
    "delete": lambda scene, caller, _: deletion.delete(scene.origin, caller.require_role(scene.origin, Role.OWNER)),
    "invite": lambda scene, caller, other: invitations.send(
        scene.origin, other.name, caller.require_role(scene.origin, Role.MAINTAINER)
    ),
    "accept": lambda scene, caller, other: invitations.accept(scene.origin, scene.an_invitation(other), caller),
    "ignore": lambda scene, caller, other: invitations.ignore(scene.origin, scene.an_invitation(other), caller),
    "rescind": lambda scene, caller, other: invitations.rescind(scene.origin, scene.an_invitation(other), caller),
    "depart": lambda scene, caller, _: members.depart(scene.origin, caller.require_session()),
    "remove": lambda scene, caller, other: members.remove(
        scene.origin, other.name, caller.require_role(scene.origin, Role.ADMINISTRATOR)
    ),
    "transfer": lambda scene, caller, other: members.transfer(scene.origin, other.name, caller.require_session()),
    "role": lambda scene, caller, other: members.set_role(scene.origin, other.name, scene.a_role(), caller),
    "generate": lambda scene, caller, _: keys.generate(
        scene.origin, caller.require_role(scene.origin, Role.ADMINISTRATOR)
    ),
    "upload": lambda scene, caller, _: keys.upload_secret(
        scene.origin, scene.a_secret_key(), False, caller.require_role(scene.origin, Role.ADMINISTRATOR)
    ),
    "encrypt": lambda scene, caller, _: _encryption_key(scene.origin, caller),
}


def _encryption_key(origin: str, caller: Caller) -> None:
    caller.require_role(origin, Role.READONLY_MEMBER)
    keys.encryption_key(origin, caller)


@pytest.fixture(scope="module")
def clients(engine_histories: Histories) -> list[Client]:
    """Accounts for all histories; each history has another origin."""
    return [Client(name, find_or_create(name, "")) for name in (a_name("user") for _ in range(4))]


def a_scene(number: int, clients: list[Client]) -> Scene:
    """Return a scene whose origin exists in four of five cases, with or without members and invitations."""
    scene = Scene(a_name("origin"), clients, random.Random(number))
    owner, *others = clients
    if scene.random.random() < 0.8:
        scene.send("create", owner, owner)
        for invited in others[: scene.random.choice((0, 2, 3))]:
            scene.send("invite", owner, invited)
            if scene.random.random() < 0.7:
                scene.send("accept", invited, invited)
                scene.send("role", owner, invited)
    scene.succeeded.clear()
    return scene


def requests_of(scene: Scene) -> list[Callable[[], None]]:
    """Return twenty random requests of four kinds, so that requests of one kind often meet.

    The first owner sends more of them than the others.
    """
    choose, clients = scene.random.choice, [*scene.clients, scene.clients[0], scene.clients[0]]
    kinds = scene.random.sample([*REQUESTS, *("transfer", "role", "depart", "delete") * 2], 4)
    return [partial(scene.send, choose(kinds), choose(clients), choose(clients)) for _ in range(CLIENTS)]


def assert_consistent(scene: Scene) -> None:
    rows = partition_rows(origin_partition(scene.origin))
    origin, counts, leaving = rows.get("ORIGIN"), rows.get("COUNTS"), rows.get("LEAVING")
    member_rows = {sk.removeprefix("MEMBER#"): row for sk, row in rows.items() if sk.startswith("MEMBER#")}
    owners = [(account_id, row["name"]) for account_id, row in member_rows.items() if row["role"] == "owner"]
    if origin is not None:
        assert leaving is None
        assert owners == [(origin["owner_id"], origin["owner_name"])]
        assert counts is not None
        assert int(counts["members"]) == len(member_rows)
    elif leaving is not None:
        assert counts is None
        assert list(member_rows) == [account_id for account_id, _ in owners] == [leaving["owner_id"]]
    else:
        assert rows == {}
    invited = {sk.removeprefix("INVITATION#"): row for sk, row in rows.items() if sk.startswith("INVITATION#")}
    for row in invited.values():
        assert partition_rows(f"INVITATION#{row['id']}")["PLACE"]["account_id"] == row["account_id"]
    for client in scene.clients:
        account_id = str(client.account_id)
        account_rows = partition_rows(f"ACCOUNT#{account_id}")
        assert (f"ORIGIN#{scene.origin}" in account_rows) == (account_id in member_rows)
        pending = [row["id"] for row in account_rows.values() if row.get("origin") == scene.origin]
        invitation = invited.get(account_id)
        assert pending == ([] if invitation is None or invitation["ignored"] else [invitation["id"]])
    assert_keys_are_consistent(scene.origin, rows)


def assert_keys_are_consistent(origin: str, rows: dict[str, dict[str, str]]) -> None:
    signing = {sk.removeprefix("SIGNING-KEY#") for sk in rows if sk.startswith("SIGNING-KEY#")}
    secret = {sk.removeprefix("SECRET-SIGNING-KEY#") for sk in rows if sk.startswith("SECRET-SIGNING-KEY#")}
    assert all(full_name.startswith(f"{origin}-") for full_name in secret)
    if "ENCRYPTION-KEYS" in rows:
        revision = rows["ENCRYPTION-KEYS"]["text"].split("\n")[1].rpartition("-")[2]
        assert revision not in signing | {full_name.rpartition("-")[2] for full_name in secret}
    if signing:
        assert rows["KEY-CLOCK"]["revision"] >= max(signing)


def test_rows_are_consistent_after_every_call_of_concurrent_clients(
    engine_histories: Histories, clients: list[Client]
) -> None:
    succeeded: set[str] = set()
    for number in range(HISTORIES):
        scene = a_scene(number, clients)
        engine_histories.run(scene.random, requests_of(scene), partial(assert_consistent, scene), killed=0.1)
        deletion.finish(scene.origin)  # a killed client may have begun a deletion
        assert_consistent(scene)
        if number % 5 == 0:
            assert_deletion_leaves_nothing(scene)
        succeeded |= scene.succeeded
    assert succeeded == set(REQUESTS)


@pytest.mark.parametrize("number", range(5))
def test_concurrent_first_requests_for_the_encryption_key_return_the_same_key(
    engine_histories: Histories, clients: list[Client], number: int
) -> None:
    owner = clients[0]
    scene = Scene(a_name("origin"), clients, random.Random(number))
    scene.send("create", owner, owner)
    caller, returned = owner.caller(scene.origin), []
    session = caller.require_session()
    downloads = [lambda: returned.append(keys.encryption_key(scene.origin, caller))] * (CLIENTS - 5)
    generations = [lambda: keys.generate(scene.origin, session)] * 5

    engine_histories.run(scene.random, [*downloads, *generations], partial(assert_consistent, scene))

    assert len(returned) == CLIENTS - 5
    assert len({key.text for key in returned}) == 1
    assert len(keys.revisions(scene.origin)) == 5


def assert_deletion_leaves_nothing(scene: Scene) -> None:
    """Remove the members and delete the origin. Only audit rows may name it then."""
    rows = partition_rows(origin_partition(scene.origin))
    if "ORIGIN" in rows:
        owner = next(client for client in scene.clients if str(client.account_id) == rows["ORIGIN"]["owner_id"])
        session = owner.caller(scene.origin).require_session()
        for member in (row["name"] for sk, row in rows.items() if sk.startswith("MEMBER#")):
            if member != owner.name:
                members.remove(scene.origin, member, session)
        deletion.delete(scene.origin, session)
    assert [key for key in row_keys() if mentions(key, scene.origin)] == []


def mentions(key: tuple[str, str], origin: str) -> bool:
    pk, sk = key
    if pk.startswith("AUDIT-"):
        return False
    return origin in pk.replace("/", "#").split("#") or origin in sk.split("#") or f"#{origin}-2" in pk
