"""Whatever twenty clients do to one origin side by side, it is legal after every call (accounts.md 6.1, 8.4-8.7, 9).

Legal: one owner, whom the origin names too; each membership and invitation in all its places or in none; the counts
right; an encryption key that shares its second with no signing key; and after a deletion nothing left. Some clients die
halfway.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest

from chalicelib.accounts.errors import STATUS as ACCOUNT_REFUSALS
from chalicelib.catalog.errors import STATUS as CATALOG_REFUSALS
from chalicelib.catalog.origin_rows import origin_partition
from chalicelib.core.roles import Role
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.identity.credentials import Credential
from chalicelib.identity.errors import STATUS as CALLER_REFUSALS
from chalicelib.identity.registration import find_or_create
from chalicelib.origins import deletion, service
from chalicelib.origins.errors import STATUS as ORIGIN_REFUSALS
from chalicelib.origins.invitations import service as invitations
from chalicelib.origins.keys import service as keys
from chalicelib.origins.members import service as membership
from chalicelib.platform.table import StoreUnavailable
from tests.builders.engine import an_engine
from tests.builders.histories import CLIENTS, Histories, histories
from tests.builders.keys import a_signing_pair
from tests.builders.names import a_name
from tests.builders.rows import partition_rows, places

HISTORIES = 200
REFUSALS: tuple[type[Exception], ...] = (
    *ACCOUNT_REFUSALS,
    *CALLER_REFUSALS,
    *CATALOG_REFUSALS,
    *ORIGIN_REFUSALS,
    StoreUnavailable,
)


@dataclass(frozen=True)
class Somebody:
    """An account that calls."""

    name: str
    account_id: int

    def caller(self, origin: str) -> Caller:
        return Caller(Credential(self.account_id, key=None, name=self.name), origin)


@dataclass(frozen=True)
class Scene:
    """An origin's name, the accounts around it, what is drawn by lot, and the requests that were not refused."""

    origin: str
    people: list[Somebody]
    seed: random.Random
    done: set[str] = field(default_factory=set)

    def act(self, what: str, who: Somebody, whom: Somebody) -> None:
        """One request, as the routes would serve it; a refusal is an answer, too."""
        try:
            REQUESTS[what](self, who.caller(self.origin), whom)
            self.done.add(what)
        except REFUSALS:
            return

    def an_invitation(self, to: Somebody) -> int:
        sent = [*invitations.of_origin(self.origin), *invitations.pending_for(to.account_id)]
        return self.seed.choice(sent).id if sent else 0

    def a_role(self) -> Role:
        return self.seed.choice((Role.READONLY_MEMBER, Role.MAINTAINER, Role.ADMINISTRATOR, Role.ADMINISTRATOR))

    def a_secret_key(self) -> bytes:
        return a_signing_pair(self.origin, f"2024010100000{self.seed.randrange(4)}")[1].text.encode()


REQUESTS: dict[str, Callable[[Scene, Caller, Somebody], object]] = {
    "create": lambda scene, by, _: service.create(scene.origin, Visibility.PUBLIC, by.require_session()),
    "delete": lambda scene, by, _: deletion.delete(scene.origin, by.require_role(scene.origin, Role.OWNER)),
    "invite": lambda scene, by, whom: invitations.send(
        scene.origin, whom.name, by.require_role(scene.origin, Role.MAINTAINER)
    ),
    "accept": lambda scene, by, whom: invitations.accept(scene.an_invitation(whom), by),
    "ignore": lambda scene, by, whom: invitations.ignore(scene.an_invitation(whom), by),
    "rescind": lambda scene, by, whom: invitations.rescind(scene.an_invitation(whom), by),
    "depart": lambda scene, by, _: membership.depart(scene.origin, by.require_session()),
    "remove": lambda scene, by, whom: membership.remove(
        scene.origin, whom.name, by.require_role(scene.origin, Role.ADMINISTRATOR)
    ),
    "transfer": lambda scene, by, whom: membership.transfer(scene.origin, whom.name, by.require_session()),
    "role": lambda scene, by, whom: membership.set_role(scene.origin, whom.name, scene.a_role(), by),
    "generate": lambda scene, by, _: keys.generate(scene.origin, by.require_role(scene.origin, Role.ADMINISTRATOR)),
    "upload": lambda scene, by, _: keys.upload_secret(
        scene.origin, scene.a_secret_key(), False, by.require_role(scene.origin, Role.ADMINISTRATOR)
    ),
    "encrypt": lambda scene, by, _: keys.encryption_key(
        scene.origin, by.require_role(scene.origin, Role.READONLY_MEMBER)
    ),
}


@pytest.fixture(scope="module")
def side_by_side() -> Iterator[Histories]:
    """An engine whose callers take turns."""
    with an_engine(), histories() as running:
        yield running


@pytest.fixture(scope="module")
def people(side_by_side: Histories) -> list[Somebody]:
    """Accounts for all histories; each has an origin of its own."""
    return [Somebody(name, find_or_create(name, "")) for name in (a_name("user") for _ in range(4))]


def a_scene(number: int, people: list[Somebody]) -> Scene:
    """Sometimes the origin is there already, alone with its owner or with members and invitations."""
    scene = Scene(a_name("origin"), people, random.Random(number))
    owner, *others = people
    if scene.seed.random() < 0.8:
        scene.act("create", owner, owner)
        for invited in others[: scene.seed.choice((0, 2, 3))]:
            scene.act("invite", owner, invited)
            if scene.seed.random() < 0.7:
                scene.act("accept", invited, invited)
                scene.act("role", owner, invited)
    scene.done.clear()
    return scene


def clients_of(scene: Scene) -> list[Callable[[], None]]:
    """Who does what to whom. Few kinds of requests in a history meet more often; the first owner is the busiest."""
    seed, people = scene.seed, [*scene.people, scene.people[0], scene.people[0]]
    kinds = seed.sample([*REQUESTS, *("transfer", "role", "depart", "delete") * 2], 4)
    return [partial(scene.act, seed.choice(kinds), seed.choice(people), seed.choice(people)) for _ in range(CLIENTS)]


def assert_legal(scene: Scene) -> None:
    rows = partition_rows(origin_partition(scene.origin))
    place, counts, leaving = rows.get("ORIGIN"), rows.get("COUNTS"), rows.get("LEAVING")
    members = {sk.removeprefix("MEMBER#"): row for sk, row in rows.items() if sk.startswith("MEMBER#")}
    owners = [(account_id, row["name"]) for account_id, row in members.items() if row["role"] == "owner"]
    if place is not None:
        assert leaving is None
        assert owners == [(place["owner_id"], place["owner_name"])]
        assert counts is not None
        assert int(counts["members"]) == len(members)
    elif leaving is not None:
        assert counts is None
        assert list(members) == [account_id for account_id, _ in owners] == [leaving["owner_id"]]
    else:
        assert rows == {}
    sent = {sk.removeprefix("INVITATION#"): row for sk, row in rows.items() if sk.startswith("INVITATION#")}
    for row in sent.values():
        assert partition_rows(f"INVITATION#{row['id']}")["PLACE"]["account_id"] == row["account_id"]
    for somebody in scene.people:
        account_id = str(somebody.account_id)
        own = partition_rows(f"ACCOUNT#{account_id}")
        assert (f"ORIGIN#{scene.origin}" in own) == (account_id in members)
        pending = [row["id"] for row in own.values() if row.get("origin") == scene.origin]
        assert pending == ([sent[account_id]["id"]] if account_id in sent and not sent[account_id]["ignored"] else [])
    assert_keys_are_legal(scene.origin, rows)


def assert_keys_are_legal(origin: str, rows: dict[str, dict[str, str]]) -> None:
    signing = {sk.removeprefix("SIGNING-KEY#") for sk in rows if sk.startswith("SIGNING-KEY#")}
    secret = {sk.removeprefix("SECRET-SIGNING-KEY#") for sk in rows if sk.startswith("SECRET-SIGNING-KEY#")}
    for full_name in secret:
        assert partition_rows(f"SECRET-SIGNING-KEY#{full_name}")["ORIGIN"]["origin"] == origin
    if "ENCRYPTION-KEYS" in rows:
        revision = rows["ENCRYPTION-KEYS"]["text"].split("\n")[1].rpartition("-")[2]
        assert revision not in signing | {full_name.rpartition("-")[2] for full_name in secret}
    if signing:
        assert rows["KEY-CLOCK"]["revision"] >= max(signing)


def test_every_history_is_legal_after_every_call(side_by_side: Histories, people: list[Somebody]) -> None:
    done: set[str] = set()
    for number in range(HISTORIES):
        scene = a_scene(number, people)
        side_by_side.run(scene.seed, clients_of(scene), partial(assert_legal, scene), killed=0.1)
        deletion.finish(scene.origin)  # which a client that was killed may have left for the next
        assert_legal(scene)
        if number % 5 == 0:
            let_everything_end(scene)
        done |= scene.done
    assert done == set(REQUESTS)


@pytest.mark.parametrize("number", range(5))
def test_all_first_requests_for_the_encryption_key_get_the_same(
    side_by_side: Histories, people: list[Somebody], number: int
) -> None:
    owner = people[0]
    scene = Scene(a_name("origin"), people, random.Random(number))
    scene.act("create", owner, owner)
    session, given = owner.caller(scene.origin).require_session(), []
    asking = [lambda: given.append(keys.encryption_key(scene.origin, session))] * (CLIENTS - 5)
    generating = [lambda: keys.generate(scene.origin, session)] * 5

    side_by_side.run(scene.seed, [*asking, *generating], partial(assert_legal, scene))

    assert len(given) == CLIENTS - 5
    assert len({key.text for key in given}) == 1
    assert len(keys.revisions(scene.origin)) == 5


def let_everything_end(scene: Scene) -> None:
    """Remove the members and delete the origin; then nothing in the table may mention it."""
    rows = partition_rows(origin_partition(scene.origin))
    if "ORIGIN" in rows:
        owner = next(one for one in scene.people if str(one.account_id) == rows["ORIGIN"]["owner_id"])
        session = owner.caller(scene.origin).require_session()
        for member in (row["name"] for sk, row in rows.items() if sk.startswith("MEMBER#")):
            if member != owner.name:
                membership.remove(scene.origin, member, session)
        deletion.delete(scene.origin, session)
    assert_nothing_is_left(scene.origin)


def assert_nothing_is_left(origin: str) -> None:
    left = [place for place in places() if mentions(place, origin)]
    assert left == []


def mentions(place: tuple[str, str], origin: str) -> bool:
    pk, sk = place
    if pk.startswith("AUDIT-"):
        return False
    return origin in pk.replace("/", "#").split("#") or origin in sk.split("#") or f"#{origin}-2" in pk
