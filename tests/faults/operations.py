"""One request of every class of operation: what must be there before, the request, and what a repeat may answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.uploads import service as uploads
from tests.api.client import Depot, Reply
from tests.builders.accounts import an_account
from tests.builders.hart import Hart, a_hart
from tests.builders.keys import a_sealed_value, a_signing_pair
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, promote, upload
from tests.builders.uploads import an_upload
from tests.faults.injector import faults
from tests.faults.state import Checkpoint, State, state_of

OWNER = "lkennedy"
WINDOWS = "x86_64-windows"


@dataclass
class Scene:
    """An origin of its own, its owner's token, and what the operation needs."""

    depot: Depot
    token: str
    origin: str = ""
    there: dict[str, Any] = field(default_factory=dict)

    def hart(self, version: str = "1.0.0", **more: Any) -> Hart:
        return a_hart(origin=self.origin, name="tool", version=version, **more)

    def uploaded(self, version: str = "1.0.0", **more: Any) -> Hart:
        return a_package(self.depot, self.origin, OWNER, name="tool", version=version, **more)

    def send(self, method: str, path: str, **more: Any) -> Reply:
        return self.depot.request(method, path.replace("{o}", self.origin), by=more.pop("by", self.token), **more)


Act = Callable[[Scene], Reply]


@dataclass(frozen=True)
class Operation:
    """`again` are the statuses of a repeat after the first request took effect and nobody heard of it.

    `adds` marks what a repeat does once more, as its contract says. `partial` marks what goes in several steps, of
    which readers may see some (packages.md 8.2, 9.9).
    """

    act: Act
    prepare: Callable[[Scene], None] = lambda scene: None
    again: tuple[int, ...] = ()
    adds: bool = False
    partial: bool = False
    objects: bool = False


def of(method: str, path: str, **more: Any) -> Act:
    """A request whose path names the origin as `{o}`."""
    return lambda scene: scene.send(method, path, **more)


TOOL = "/depot/pkgs/{o}/tool"
RELEASE = TOOL + "/1.0.0/20240301123456"
CHANNEL = "/depot/channels/{o}/dev"
IN_CHANNEL = CHANNEL + "/pkgs/tool/1.0.0/20240301123456"


def a_release(scene: Scene) -> None:
    scene.uploaded()


def two_targets(scene: Scene) -> None:
    scene.uploaded()
    scene.uploaded(target=WINDOWS)


def in_dev(scene: Scene) -> None:
    a_channel(scene.depot, scene.origin, "dev", OWNER)
    promote(scene.depot, scene.uploaded(), "dev", OWNER)


def three_in_dev(scene: Scene) -> None:
    in_dev(scene)
    for version in ("1.1.0", "1.10.0"):
        promote(scene.depot, scene.uploaded(version), "dev", OWNER)
    a_channel(scene.depot, scene.origin, "other", OWNER)


def dev_at_hand(scene: Scene) -> None:
    scene.uploaded()
    a_channel(scene.depot, scene.origin, "dev", OWNER)


def in_stable(scene: Scene) -> None:
    promote(scene.depot, scene.uploaded(), "stable", OWNER)


def somebody_signed_in(scene: Scene) -> None:
    scene.there["account"] = an_account(name=f"user-of-{scene.origin}")


def with_access_token(scene: Scene) -> None:
    somebody_signed_in(scene)
    token = scene.there["account"].token
    scene.there["id"] = scene.send("POST", "/profile/access-tokens", by=token).json()["id"]


def as_somebody(method: str, path: str, **more: Any) -> Act:
    """A request of the account of its own."""

    def act(scene: Scene) -> Reply:
        there = scene.there
        return scene.send(method, path.format(id=there.get("id"), o=scene.origin), by=there["account"].token, **more)

    return act


def an_invitation(scene: Scene) -> None:
    somebody_signed_in(scene)
    name = scene.there["account"].name
    invited = scene.send("POST", f"/depot/origins/{{o}}/users/{name}/invitations")
    assert invited.status == 201, invited
    scene.there["id"] = invited.json()["id"]


def a_fellow(scene: Scene) -> None:
    an_invitation(scene)
    path = f"/depot/origins/{{o}}/invitations/{scene.there['id']}"
    assert scene.send("PUT", path, by=scene.there["account"].token).status == 204


def fellow(method: str, path: str, **more: Any) -> Act:
    """A request of the owner about the account of its own."""
    return lambda scene: scene.send(method, path.replace("{user}", scene.there["account"].name), **more)


def keys_at_hand(scene: Scene) -> None:
    scene.there["public"], scene.there["secret"] = (half.text for half in a_signing_pair(scene.origin))


def key_upload(which: str, path: str) -> Act:
    return lambda scene: scene.send("POST", path, body=scene.there[which].encode())


def an_encryption_key(scene: Scene) -> None:
    public = scene.send("GET", "/depot/origins/{o}/encryption_key")
    scene.there["sealed"] = {"name": "word", "value": a_sealed_value("hush", public.text)}


def a_secret(scene: Scene) -> None:
    an_encryption_key(scene)
    assert put_secret(scene).status == 201


def put_secret(scene: Scene) -> Reply:
    return scene.send("POST", "/depot/origins/{o}/secret", json=scene.there["sealed"])


def an_integration(scene: Scene) -> None:
    assert put_integration(scene).status == 201


def put_integration(scene: Scene) -> Reply:
    return scene.send("PUT", "/depot/origins/{o}/integrations/docker/hub", json={"username": "me", "password": "hush"})


def raw_upload(scene: Scene) -> Reply:
    return upload(scene.depot, scene.hart(tdeps=["core/glibc/2.0/20240101000000"]), scene.token)


def forced_upload(scene: Scene) -> Reply:
    return upload(scene.depot, scene.hart(), scene.token, forced=True)


def begin_upload(scene: Scene) -> Reply:
    hart = scene.hart()
    said = {"ident": hart.path, "target": hart.target, "checksum": hart.checksum, "size": len(hart.content)}
    return scene.send("POST", "/depot/uploads", json=said)


def parts_sent(scene: Scene) -> None:
    scene.there["upload"] = an_upload(scene.depot, scene.hart(), scene.token).send()


def complete_upload(scene: Scene) -> Reply:
    return scene.send("POST", f"{scene.there['upload'].url}/complete")


def no_origin_yet(scene: Scene) -> None:
    scene.there["name"] = scene.origin + "-new"


def create_origin(scene: Scene) -> Reply:
    return scene.send("POST", "/depot/origins", json={"name": scene.there["name"]})


BULK = "/depot/channels/{o}/dev/pkgs/promote?channel=other"
SETTINGS = "/settings/{o}/lonely"


def settings_there(scene: Scene) -> None:
    assert scene.send("POST", SETTINGS).status == 201


WRITES: dict[str, Operation] = {
    "sign in": Operation(lambda scene: scene.send("GET", "/authenticate/hank", by=None), adds=True),
    "make an access token": Operation(as_somebody("POST", "/profile/access-tokens"), somebody_signed_in, adds=True),
    "revoke an access token": Operation(
        as_somebody("DELETE", "/profile/access-tokens/{id}"), with_access_token, again=(401,)
    ),
    "make a named token": Operation(
        as_somebody("POST", "/profile/tokens", json={"name": "ci", "scopes": ["read"]}), somebody_signed_in, adds=True
    ),
    "change an e-mail": Operation(as_somebody("PATCH", "/profile", json={"email": "new@x.org"}), somebody_signed_in),
    "create an origin": Operation(create_origin, no_origin_yet, again=(409,)),
    "delete an origin": Operation(of("DELETE", "/depot/origins/{o}"), again=(403,), partial=True),
    "change an origin": Operation(of("PUT", "/depot/origins/{o}", json={"default_package_visibility": "private"})),
    "generate keys": Operation(of("POST", "/depot/origins/{o}/keys"), adds=True),
    "upload a public key": Operation(
        key_upload("public", "/depot/origins/{o}/keys/20240101000000"), keys_at_hand, again=(409,)
    ),
    "upload a secret key": Operation(
        key_upload("secret", "/depot/origins/{o}/secret_keys/20240101000000"), keys_at_hand, again=(409,)
    ),
    "ask for the encryption key": Operation(of("GET", "/depot/origins/{o}/encryption_key")),
    "store a secret": Operation(put_secret, an_encryption_key),
    "forget a secret": Operation(of("DELETE", "/depot/origins/{o}/secret/word"), a_secret),
    "store an integration": Operation(put_integration, again=(409,)),
    "forget an integration": Operation(of("DELETE", "/depot/origins/{o}/integrations/docker/hub"), an_integration),
    "invite": Operation(
        fellow("POST", "/depot/origins/{o}/users/{user}/invitations"), somebody_signed_in, again=(409,)
    ),
    "accept": Operation(as_somebody("PUT", "/depot/origins/{o}/invitations/{id}"), an_invitation),
    "ignore": Operation(as_somebody("PUT", "/depot/origins/{o}/invitations/{id}/ignore"), an_invitation),
    "rescind": Operation(
        lambda scene: scene.send("DELETE", f"/depot/origins/{{o}}/invitations/{scene.there['id']}"), an_invitation
    ),
    "give a role": Operation(
        fellow("PUT", "/depot/origins/{o}/users/{user}/role", query={"role": "maintainer"}), a_fellow
    ),
    "remove a member": Operation(fellow("DELETE", "/depot/origins/{o}/users/{user}"), a_fellow),
    "depart": Operation(as_somebody("POST", "/depot/origins/{o}/depart"), a_fellow, again=(422,)),
    "transfer": Operation(fellow("POST", "/depot/origins/{o}/transfer/{user}"), a_fellow, again=(403,)),
    "upload": Operation(raw_upload, again=(409,)),
    "upload the next release": Operation(raw_upload, lambda scene: scene.uploaded("0.9.0") and None, again=(409,)),
    "upload again by force": Operation(forced_upload, a_release, adds=True),
    "begin an upload": Operation(begin_upload, adds=True),
    "complete an upload": Operation(complete_upload, parts_sent, objects=True),
    "give an upload up": Operation(
        lambda scene: scene.send("DELETE", scene.there["upload"].url), parts_sent, again=(404,), objects=True
    ),
    "promote": Operation(of("PUT", IN_CHANNEL + "/promote"), dev_at_hand),
    "demote": Operation(of("PUT", IN_CHANNEL + "/demote"), in_dev, again=(400,)),
    "hide": Operation(of("PATCH", RELEASE + "/private"), two_targets, partial=True),
    "delete a package": Operation(of("DELETE", RELEASE), in_dev, again=(404,)),
    "create a channel": Operation(of("POST", CHANNEL), again=(409,)),
    "delete a channel": Operation(of("DELETE", CHANNEL), three_in_dev, partial=True),
    "promote a channel": Operation(of("PUT", BULK), three_in_dev, adds=True, partial=True),
    "promote into a new channel": Operation(
        of("PUT", "/depot/channels/{o}/dev/pkgs/promote?channel=fresh"), in_dev, partial=True, adds=True
    ),
    "make settings": Operation(of("POST", SETTINGS), again=(409,)),
    "change settings": Operation(of("PUT", SETTINGS, json={"visibility": "private"}), settings_there),
    "delete settings": Operation(of("DELETE", SETTINGS), settings_there),
}

READS: dict[str, Operation] = {
    "profile": Operation(of("GET", "/profile")),
    "own origins": Operation(of("GET", "/user/origins?{o}")),
    "own invitations": Operation(of("GET", "/user/invitations")),
    "access tokens": Operation(of("GET", "/profile/access-tokens")),
    "origin": Operation(of("GET", "/depot/origins/{o}")),
    "members": Operation(of("GET", "/depot/origins/{o}/users")),
    "public keys": Operation(of("GET", "/depot/origins/{o}/keys")),
    "show": Operation(of("GET", RELEASE)),
    "show to anybody": Operation(of("GET", RELEASE, by=None)),
    "latest": Operation(of("GET", TOOL + "/latest")),
    "channel latest": Operation(of("GET", "/depot/channels/{o}/stable/pkgs/tool/latest")),
    "list": Operation(of("GET", "/depot/pkgs/{o}")),
    "distinct list": Operation(of("GET", "/depot/pkgs/{o}?distinct=true")),
    "versions": Operation(of("GET", TOOL + "/versions")),
    "channels": Operation(of("GET", "/depot/channels/{o}")),
    "channels of a package": Operation(of("GET", RELEASE + "/channels")),
    "packages of a channel": Operation(of("GET", "/depot/channels/{o}/stable/pkgs")),
    "latest of a channel": Operation(of("GET", "/depot/channels/{o}/stable/pkgs/_latest?target=x86_64-linux")),
    "settings": Operation(of("GET", "/settings/{o}/tool")),
    "list of settings": Operation(of("GET", "/depot/{o}/pkgs")),
    "download": Operation(of("GET", RELEASE + "/download")),
    "search": Operation(of("GET", "/depot/pkgs/search/{o}")),
    "events": Operation(of("GET", "/depot/events?from_date=2024-1-1&to_date=2124-1-1&query={o}")),
}


def a_scene(depot: Depot, token: str, operation: Operation) -> Scene:
    """A fresh origin with what the operation needs."""
    scene = Scene(depot, token)
    scene.origin = an_origin(depot, OWNER, a_name("faulty") + "z")
    operation.prepare(scene)
    return scene


class Stage:
    """An operation that went undisturbed once: its calls, its answer, and the state before and after."""

    def __init__(self, depot: Depot, token: str, operation: Operation) -> None:
        self.operation = operation
        self._depot, self._token = depot, token
        self._scene = a_scene(depot, token, operation)
        self._checkpoint = Checkpoint(self._scene.origin)
        self.before = self.state()
        with faults() as self.undisturbed:
            self.answer = operation.act(self._scene)
        assert self.answer.status in (200, 201, 204), self.answer
        self.after = self.state()

    def set(self) -> Scene:
        """The scene as it was before; a new one where the object store is part of it."""
        if self.operation.objects:
            self._scene = a_scene(self._depot, self._token, self.operation)
        else:
            self._checkpoint.restore()
        return self._scene

    def state(self) -> State:
        """What readers can see now."""
        return state_of(self._scene.origin)


def finish_at_once(patch: pytest.MonkeyPatch) -> None:
    """Uploads are finished within the request, and nobody waits for them."""
    patch.setattr(uploads.background, "start", lambda _, work, **event: work(**event))
    patch.setattr(uploads, "WAIT_SECONDS", 0)
    patch.setattr(uploads.rows, "LEASE_SECONDS", -1)
