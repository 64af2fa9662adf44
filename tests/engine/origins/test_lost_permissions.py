"""A change requires, when it is written, the permission that was checked before it (accounts.md 6.1).

Between the check and the write, the account loses its membership, or the origin is deleted and created again.
"""

import io
from collections.abc import Callable, Iterator

import pytest

from chalicelib.catalog.errors import ChannelMissing, OriginMissing, RoleLost
from chalicelib.catalog.member_rows import MemberRow, MembershipOfAccountRow, member_key, membership_of_account_key
from chalicelib.channels import service as channels
from chalicelib.channels.bulk import service as bulk
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import Role, SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.deprecations import service as deprecations
from chalicelib.deprecations.service import Subject
from chalicelib.identity.caller import Caller
from chalicelib.identity.credentials import Credential
from chalicelib.identity.registration import find_or_create
from chalicelib.origins import deletion
from chalicelib.origins import service as origins
from chalicelib.origins.integrations import service as integrations
from chalicelib.origins.invitations import service as invitations
from chalicelib.origins.keys import service as keys
from chalicelib.origins.members import service as members
from chalicelib.packages import deletion as package_deletion
from chalicelib.packages import visibility
from chalicelib.packages.settings import service as settings
from chalicelib.packages.source import RawBody
from chalicelib.packages.unlisting import service as unlisting
from chalicelib.packages.upload import publish
from chalicelib.packages.upload_checks import Upload
from chalicelib.platform.change import Change
from chalicelib.projects import service as projects
from chalicelib.projects.integrations import service as project_integrations
from chalicelib.projects.sources import Location
from chalicelib.promotions import service as promotions
from chalicelib.promotions.service import SetMember, SetRequest
from chalicelib.retention import removal
from chalicelib.retention import service as retention
from chalicelib.retention.policy import Policy
from tests.builders.bucket import a_bucket
from tests.builders.histories import histories
from tests.builders.names import a_name
from tests.builders.package_requests import PackageRequest
from tests.builders.rows import Attributes, partition_rows, partitions_of

LINUX = Target.X86_64_LINUX
POLICY = Policy.checked(1, 1, 0, [])

A_PROJECT = projects.ProjectRequest(Location("plan.sh"), LINUX, False)
ANOTHER_PROJECT = projects.ProjectRequest(Location("testapp3/plan.sh"), LINUX, False)

Act = Callable[[str, Session], object]


@pytest.fixture(autouse=True, scope="module")
def engine(table: None) -> Iterator[None]:
    """An engine that is called without HTTP, and a bucket in memory."""
    with histories(), a_bucket():
        yield


def an_account() -> Session:
    name = a_name("user")
    return Session(find_or_create(name, ""), name, SessionFlags(0))


def caller_of(account: Session, origin: str) -> Caller:
    return Caller(Credential(account.account_id, key=None, name=account.name), origin, changes=True)


def admitted(origin: str, account: Session, minimum: Role) -> Session:
    """Return the session of an account that has passed a role check."""
    return caller_of(account, origin).require_role(origin, minimum)


def a_member(origin: str, role: Role) -> Session:
    account = an_account()
    member, membership = member_key(origin, account.account_id), membership_of_account_key(account.account_id, origin)
    with Change() as change:
        change.put(MemberRow(member.pk, member.sk, role=str(role), name=account.name))
        change.put(MembershipOfAccountRow(membership.pk, membership.sk))
    return account


def ident(origin: str, release: str = "1") -> PackageIdent:
    return PackageIdent(origin, "tool", "1.0", release)


def upload(origin: str, by: Session) -> None:
    request = PackageRequest("upload", origin, ("tool", "1.0", "9"))
    announced = Upload(request.ident, LINUX, request.hart.checksum, False, by.account_id, by.permission)
    publish(announced, RawBody(io.BytesIO(request.hart.content)))


def promote_set(origin: str, by: Session) -> None:
    promoted = SetRequest(ChannelOperation.PROMOTE, origin, "stable", [SetMember(ident(origin))])
    promotions.apply(promoted, by, dry_run=False)


def apply_policy(origin: str, by: Session) -> None:
    row = retention.policy_of(origin)
    removal.apply(removal.Run(origin, row.policy, by, int(row.revision)), "")


CREATIONS: dict[str, Act] = {
    "channel": lambda origin, by: channels.create(origin, "new", by),
    "integration": lambda origin, by: integrations.put(origin, "docker", "main", b"{}", by),
    "invitation": lambda origin, by: invitations.send(origin, by.name, by),
    "key": keys.generate,
    "policy": lambda origin, by: retention.set_policy(origin, POLICY, by),
    "settings": lambda origin, by: settings.create(origin, "other", by),
    "upload": upload,
    "project": lambda origin, by: projects.create(origin, "", A_PROJECT, by),
    "default visibility": lambda origin, by: origins.set_default_visibility(origin, Visibility.PRIVATE, by),
}
CHANGES: dict[str, Act] = {
    **CREATIONS,
    "deprecation": lambda origin, by: deprecations.deprecate(Subject.of_release(ident(origin)), "old", None, by),
    "end of a deprecation": lambda origin, by: deprecations.delete(Subject(origin, ("tool",)), by),
    "promotion": lambda origin, by: channels.promote(ident(origin), LINUX, "stable", by),
    "demotion": lambda origin, by: channels.demote(ident(origin), LINUX, "one", by),
    "bulk promotion": lambda origin, by: bulk.apply(
        bulk.BulkChange(ChannelOperation.PROMOTE, origin, "one", "stable", by)
    ),
    "promotion of a set": promote_set,
    "deletion of a channel": lambda origin, by: channels.delete(origin, "one", by),
    "deletion of a package": lambda origin, by: package_deletion.delete(ident(origin), LINUX, by),
    "visibility": lambda origin, by: visibility.set_visibility(ident(origin), Visibility.PRIVATE, by),
    "unlisting": lambda origin, by: unlisting.unlist(ident(origin), by),
    "change of settings": lambda origin, by: settings.change_visibility(origin, "tool", Visibility.PRIVATE, by),
    "deletion of settings": lambda origin, by: settings.delete(origin, "unused", by),
    "deletion of the policy": retention.delete_policy,
    "removal under the policy": apply_policy,
    "change of a project": lambda origin, by: projects.change(origin, "testapp3", A_PROJECT, by),
    "deletion of a project": lambda origin, by: projects.delete(origin, "testapp3", LINUX, by),
    "project integration": lambda origin, by: project_integrations.put(origin, "testapp3", "new", b"{}", by),
    "end of a project integration": lambda origin, by: project_integrations.remove(origin, "testapp3", "hub", by),
}


def a_furnished_origin(owner: Session) -> str:
    """Create an origin with something that each of CHANGES can change."""
    origin = a_name("origin")
    origins.create(origin, Visibility.PUBLIC, owner)
    channels.create(origin, "one", owner)
    settings.create(origin, "unused", owner)
    for release in ("1", "2", "3"):
        assert PackageRequest("upload", origin, ("tool", "1.0", release)).send() is None
    assert PackageRequest("promote", origin, ("tool", "1.0", "1"), channel="one").send() is None
    deprecations.deprecate(Subject(origin, ("tool",)), "old", None, owner)
    retention.set_policy(origin, POLICY, owner)
    projects.create(origin, "", ANOTHER_PROJECT, owner)
    for name in ("hub", "new"):
        integrations.put(origin, "docker", name, b"{}", owner)
    project_integrations.put(origin, "testapp3", "hub", b"{}", owner)
    return origin


def rows_of(origin: str) -> dict[str, dict[str, Attributes]]:
    """Return the rows of an origin by partition.

    Fences and rows of names without packages are left out: they only order writes.
    """
    by_partition = {
        pk: {
            sk: row
            for sk, row in partition_rows(pk).items()
            if not pk.startswith("NAMES#") or int(row.get("idents", 0)) or row.get("visibility")
        }
        for pk in partitions_of(origin)
        if not pk.startswith("FENCES#")
    }
    return {pk: rows for pk, rows in by_partition.items() if rows}


@pytest.mark.parametrize("change", CHANGES)
def test_an_account_that_was_removed_after_its_role_was_checked_changes_nothing(change: str) -> None:
    owner = an_account()
    origin = a_furnished_origin(owner)
    member = a_member(origin, Role.ADMINISTRATOR)
    admitted_member = admitted(origin, member, Role.MAINTAINER)
    members.remove(origin, member.name, owner)
    before = rows_of(origin)

    with pytest.raises(RoleLost):
        CHANGES[change](origin, admitted_member)

    assert rows_of(origin) == before


@pytest.mark.parametrize("change", CHANGES)
def test_an_account_whose_role_is_still_high_enough_changes_the_origin(change: str) -> None:
    owner = an_account()
    origin = a_furnished_origin(owner)
    member = a_member(origin, Role.ADMINISTRATOR)
    admitted_member = admitted(origin, member, Role.MAINTAINER)
    members.set_role(origin, member.name, Role.MAINTAINER, caller_of(owner, origin))
    before = rows_of(origin)

    CHANGES[change](origin, admitted_member)

    assert rows_of(origin) != before or change == "removal under the policy"


@pytest.mark.parametrize("same_owner", [True, False], ids=["by the same owner", "by another account"])
@pytest.mark.parametrize("creation", CREATIONS)
def test_nothing_is_created_in_an_origin_that_was_created_again(creation: str, same_owner: bool) -> None:
    origin, owner = a_name("origin"), an_account()
    origins.create(origin, Visibility.PUBLIC, owner)
    admitted_owner = admitted(origin, owner, Role.OWNER)
    deletion.delete(origin, owner)
    origins.create(origin, Visibility.PUBLIC, owner if same_owner else an_account())
    before = rows_of(origin)

    with pytest.raises((ChannelMissing, OriginMissing, RoleLost)):
        CREATIONS[creation](origin, admitted_owner)

    assert rows_of(origin) == before


def test_the_status_of_a_lost_role_is_that_of_a_missing_role() -> None:
    owner = an_account()
    origin = a_furnished_origin(owner)
    member = a_member(origin, Role.MAINTAINER)
    promoter = caller_of(member, origin).require_role(origin, Role.MAINTAINER, refused=401)
    members.remove(origin, member.name, owner)

    with pytest.raises(RoleLost) as refusal:
        channels.promote(ident(origin), LINUX, "stable", promoter)

    assert refusal.value.status == 401
