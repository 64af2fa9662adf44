"""One request of every class of operation, its preparation, and the permitted answers of a repeat."""

from msgspec import Struct

from chalicelib.packages import newest
from tests.api.client import Reply
from tests.faults.scenes import (
    SETTINGS,
    Act,
    Prepare,
    Scene,
    a_complete_group,
    a_free_name,
    a_held_job,
    a_job_and_a_worker,
    a_job_group,
    a_key_pair,
    a_member,
    a_needed_release,
    a_project,
    a_project_and_an_integration,
    a_project_of_tool,
    a_project_with_an_integration,
    a_release,
    a_release_and_a_channel,
    a_release_in_a_channel,
    a_secret,
    a_user,
    a_user_with_access_token,
    a_worker_of_the_origin,
    abandon_upload,
    about_user,
    an_encryption_key,
    an_integration,
    an_invitation,
    an_older_release,
    an_unbuilt_group,
    an_upload_with_all_parts,
    begin_upload,
    check_groups,
    claim_job,
    complete_upload,
    create_origin,
    create_project,
    forced_upload,
    of_held_job,
    owner,
    prepared,
    put_integration,
    put_secret,
    raw_upload,
    rescind_invitation,
    settings,
    three_releases_in_a_channel,
    two_targets,
    upload_key,
    user,
)

TOOL = "/depot/pkgs/{o}/tool"
RELEASE = TOOL + "/1.0.0/20240301123456"
CHANNEL = "/depot/channels/{o}/dev"
IN_CHANNEL = CHANNEL + "/pkgs/tool/1.0.0/20240301123456"
DESPITE_DEPENDENTS = {"target": "x86_64-linux", "despite_dependents": True}
PROJECT = "/projects/{o}/testapp"
PROJECT_INTEGRATION = PROJECT + "/integrations/hub/default"
SCHEDULE = "/depot/pkgs/schedule/{o}/tool?package_only=true"
GROUP = "/jobs/group/{id}"
KEYS, SECRET_KEYS = "/depot/origins/{o}/keys", "/depot/origins/{o}/secret_keys"


class Operation(Struct, frozen=True):
    """A request and the effects of a repeat.

    prepare: creates what the request needs.
    again: further permitted statuses of a repeat, if the first request took effect but its answer was lost.
    adds: a repeat takes effect once more, by its contract.
    partial: the operation has several steps, and readers may see some of them (packages.md 8.2, 9.9).
    objects: the operation also changes the object store.
    finish: what the background does if the request has succeeded without some of its calls.
    """

    act: Act
    prepare: Prepare = lambda scene: None
    again: tuple[int, ...] = ()
    adds: bool = False
    partial: bool = False
    objects: bool = False
    finish: Prepare = lambda scene: None


def _in_a_new_process(act: Act) -> Act:
    """Return an action that makes all its calls each time. A process that remembers the newest release makes fewer."""

    def forgetful(scene: Scene) -> Reply:
        newest.forget()
        return act(scene)

    return forgetful


WRITES: dict[str, Operation] = {
    "sign in": Operation(owner("GET", "/authenticate/hank", by=None), adds=True),
    "create an access token": Operation(user("POST", "/profile/access-tokens"), a_user, adds=True),
    "revoke an access token": Operation(
        user("DELETE", "/profile/access-tokens/{id}"), a_user_with_access_token, again=(401,)
    ),
    "create a named token": Operation(
        user("POST", "/profile/tokens", json={"name": "ci", "scopes": ["read"]}), a_user, adds=True
    ),
    "change an e-mail address": Operation(user("PATCH", "/profile", json={"email": "new@x.org"}), a_user),
    "create an origin": Operation(create_origin, a_free_name, again=(409,)),
    "delete an origin": Operation(owner("DELETE", "/depot/origins/{o}"), again=(403,), partial=True),
    "change an origin": Operation(owner("PUT", "/depot/origins/{o}", json={"default_package_visibility": "private"})),
    "generate keys": Operation(owner("POST", KEYS), adds=True),
    "upload a public key": Operation(upload_key("public", KEYS + "/20240101000000"), a_key_pair, again=(409,)),
    "upload a secret key": Operation(upload_key("secret", SECRET_KEYS + "/20240101000000"), a_key_pair, again=(409,)),
    "create the encryption key": Operation(owner("GET", "/depot/origins/{o}/encryption_key")),
    "store a secret": Operation(put_secret, an_encryption_key),
    "delete a secret": Operation(owner("DELETE", "/depot/origins/{o}/secret/word"), a_secret),
    "store an integration": Operation(put_integration, again=(409,)),
    "delete an integration": Operation(owner("DELETE", "/depot/origins/{o}/integrations/docker/hub"), an_integration),
    "invite": Operation(about_user("POST", "/depot/origins/{o}/users/{user}/invitations"), a_user, again=(409,)),
    "accept an invitation": Operation(user("PUT", "/depot/origins/{o}/invitations/{id}"), an_invitation),
    "ignore an invitation": Operation(user("PUT", "/depot/origins/{o}/invitations/{id}/ignore"), an_invitation),
    "rescind an invitation": Operation(rescind_invitation, an_invitation),
    "change a role": Operation(
        about_user("PUT", "/depot/origins/{o}/users/{user}/role", query={"role": "maintainer"}), a_member
    ),
    "remove a member": Operation(about_user("DELETE", "/depot/origins/{o}/users/{user}"), a_member),
    "depart": Operation(user("POST", "/depot/origins/{o}/depart"), a_member, again=(422,)),
    "transfer": Operation(about_user("POST", "/depot/origins/{o}/transfer/{user}"), a_member, again=(403,)),
    "upload": Operation(raw_upload, again=(409,)),
    "upload the next release": Operation(raw_upload, an_older_release, again=(409,)),
    "upload again by force": Operation(forced_upload, a_release, adds=True),
    "begin an upload": Operation(begin_upload, adds=True),
    "complete an upload": Operation(complete_upload, an_upload_with_all_parts, objects=True),
    "abandon an upload": Operation(abandon_upload, an_upload_with_all_parts, again=(404,), objects=True),
    "promote": Operation(owner("PUT", IN_CHANNEL + "/promote"), a_release_and_a_channel),
    "demote": Operation(owner("PUT", IN_CHANNEL + "/demote"), a_release_in_a_channel, again=(400,)),
    "change a visibility": Operation(owner("PATCH", RELEASE + "/private"), two_targets, partial=True),
    "delete a package": Operation(owner("DELETE", RELEASE), a_release_in_a_channel, again=(404,)),
    "delete a package that others need": Operation(
        owner("POST", "/deletions/{o}/tool/1.0.0/20240301123456", json=DESPITE_DEPENDENTS),
        a_needed_release,
        again=(404,),
    ),
    "create a channel": Operation(owner("POST", CHANNEL), again=(409,)),
    "delete a channel": Operation(owner("DELETE", CHANNEL), three_releases_in_a_channel, partial=True),
    "promote a channel": Operation(
        owner("PUT", CHANNEL + "/pkgs/promote?channel=other"), three_releases_in_a_channel, adds=True, partial=True
    ),
    "promote into a new channel": Operation(
        owner("PUT", CHANNEL + "/pkgs/promote?channel=fresh"), a_release_in_a_channel, adds=True, partial=True
    ),
    "schedule a build": Operation(
        owner("POST", SCHEDULE, headers={"User-Agent": "hab/1"}),
        a_project_of_tool,
        adds=True,
        partial=True,
        finish=check_groups,
    ),
    "rebuild a job group": Operation(
        prepared("POST", GROUP + "/rebuild"), an_unbuilt_group, partial=True, objects=True, finish=check_groups
    ),
    # new scenes, because rows of a group that do not name the origin would not be restored
    "cancel a job group": Operation(prepared("POST", GROUP + "/cancel"), a_job_group, partial=True, objects=True),
    "promote a job group": Operation(
        prepared("POST", GROUP + "/promote/fresh", json={}), a_complete_group, partial=True, objects=True
    ),
    "create settings": Operation(owner("POST", SETTINGS), again=(409,)),
    "change settings": Operation(owner("PUT", SETTINGS, json={"visibility": "private"}), settings),
    "delete settings": Operation(owner("DELETE", SETTINGS), settings),
    "create a project": Operation(create_project, again=(409,)),
    "change a project": Operation(owner("PUT", PROJECT, json={"plan_path": "new", "auto_build": True}), a_project),
    "delete a project": Operation(owner("DELETE", PROJECT), a_project_with_an_integration),
    "change a visibility of uploads": Operation(owner("PATCH", "/projects/{o}/lonely/private"), settings),
    "store a project integration": Operation(
        owner("PUT", PROJECT_INTEGRATION, body=b"{}"), a_project_and_an_integration
    ),
    "delete a project integration": Operation(owner("DELETE", PROJECT_INTEGRATION), a_project_with_an_integration),
    "create a worker": Operation(
        owner("POST", "/workers/{o}", json={"name": "tower", "targets": ["x86_64-linux"]}), adds=True
    ),
    "revoke a worker": Operation(
        prepared("DELETE", "/workers/{o}/{id}"), a_worker_of_the_origin, again=(404,), partial=True
    ),
    "renew a job": Operation(of_held_job("heartbeat"), a_held_job),
    "report a result": Operation(of_held_job("result", json={"kind": "returned"}), a_held_job),
    "claim a job": Operation(claim_job, a_job_and_a_worker, partial=True, objects=True),
    "append to a log": Operation(
        of_held_job("log", json={"first": 0, "lines": ["one", "two"]}), a_held_job, objects=True
    ),
}

READS: dict[str, Operation] = {
    "profile": Operation(owner("GET", "/profile")),
    "own origins": Operation(owner("GET", "/user/origins?{o}")),
    "own invitations": Operation(owner("GET", "/user/invitations")),
    "access tokens": Operation(owner("GET", "/profile/access-tokens")),
    "origin": Operation(owner("GET", "/depot/origins/{o}")),
    "members": Operation(owner("GET", "/depot/origins/{o}/users")),
    "public keys": Operation(owner("GET", KEYS)),
    "package": Operation(owner("GET", RELEASE)),
    "reverse dependencies": Operation(owner("GET", "/rdeps/{o}/tool"), prepare=a_needed_release),
    "grouped reverse dependencies": Operation(owner("GET", "/rdeps/{o}/tool/group"), prepare=a_needed_release),
    "package without a token": Operation(owner("GET", RELEASE, by=None)),
    "latest": Operation(_in_a_new_process(owner("GET", TOOL + "/latest"))),
    "latest in a channel": Operation(owner("GET", "/depot/channels/{o}/stable/pkgs/tool/latest")),
    "list": Operation(owner("GET", "/depot/pkgs/{o}")),
    "distinct list": Operation(owner("GET", "/depot/pkgs/{o}?distinct=true")),
    "versions": Operation(owner("GET", TOOL + "/versions")),
    "channels": Operation(owner("GET", "/depot/channels/{o}")),
    "channels of a package": Operation(owner("GET", RELEASE + "/channels")),
    "packages of a channel": Operation(owner("GET", "/depot/channels/{o}/stable/pkgs")),
    "latest of a channel": Operation(owner("GET", "/depot/channels/{o}/stable/pkgs/_latest?target=x86_64-linux")),
    "settings": Operation(owner("GET", "/settings/{o}/tool")),
    "list of settings": Operation(owner("GET", "/depot/{o}/pkgs")),
    "groups of jobs": Operation(owner("GET", "/depot/pkgs/schedule/{o}/status")),
    "download": Operation(owner("GET", RELEASE + "/download")),
    "search": Operation(owner("GET", "/depot/pkgs/search/{o}")),
    "projects": Operation(owner("GET", "/projects/{o}")),
    "events": Operation(owner("GET", "/depot/events?from_date=2024-1-1&to_date=2124-1-1&query={o}")),
}
