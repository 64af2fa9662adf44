"""Scenes: an origin with the packages, channels, members and keys that an operation needs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.builds.rows import GroupPointerRow, GroupRow, JobRow, group_key, job_key, origin_groups_partition
from chalicelib.builds.steps import group as group_steps
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.platform.change import Change
from chalicelib.platform.table import put_many, rows
from tests.api.client import Depot, Reply
from tests.builders.accounts import an_account
from tests.builders.group_rows import set_entries, set_group
from tests.builders.hart import Hart, a_hart
from tests.builders.keys import a_sealed_value, a_signing_pair
from tests.builders.motor_double import recorded_motor
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, promote, upload
from tests.builders.project_rows import a_project_row
from tests.builders.uploads import an_upload
from tests.builders.waiting_jobs import a_waiting_job
from tests.builders.workers import Worker, a_claim

OWNER = "lkennedy"
WINDOWS = "x86_64-windows"


@dataclass
class Scene:
    """An origin, its owner's token, and the values that its preparation created."""

    depot: Depot
    token: str
    origin: str = ""
    prepared: dict[str, Any] = field(default_factory=dict)

    def hart(self, version: str = "1.0.0", **options: Any) -> Hart:
        return a_hart(origin=self.origin, name="tool", version=version, **options)

    def uploaded(self, version: str = "1.0.0", **options: Any) -> Hart:
        return a_package(self.depot, self.origin, OWNER, name="tool", version=version, **options)

    def send(self, method: str, path: str, **options: Any) -> Reply:
        by = options.pop("by", self.token)
        return self.depot.request(method, path.replace("{o}", self.origin), by=by, **options)


Act = Callable[[Scene], Reply]
Prepare = Callable[[Scene], None]


def a_scene(depot: Depot, token: str, prepare: Prepare = lambda _: None) -> Scene:
    """Return a new origin that is prepared for an operation."""
    scene = Scene(depot, token)
    scene.origin = an_origin(depot, OWNER, a_name("faulty") + "z")
    prepare(scene)
    return scene


def owner(method: str, path: str, **options: Any) -> Act:
    """A request of the owner; `{o}` in the path is the origin."""
    return lambda scene: scene.send(method, path, **options)


def user(method: str, path: str, **options: Any) -> Act:
    """A request of the prepared account; `{o}` in the path is the origin, `{id}` a prepared id."""

    def act(scene: Scene) -> Reply:
        filled = path.format(id=scene.prepared.get("id"), o=scene.origin)
        return scene.send(method, filled, by=scene.prepared["account"].token, **options)

    return act


def about_user(method: str, path: str, **options: Any) -> Act:
    """A request of the owner about the prepared account, whose name is `{user}` in the path."""
    return lambda scene: scene.send(method, path.replace("{user}", scene.prepared["account"].name), **options)


def a_release(scene: Scene) -> None:
    scene.uploaded()


def an_older_release(scene: Scene) -> None:
    scene.uploaded("0.9.0")


def two_targets(scene: Scene) -> None:
    scene.uploaded()
    scene.uploaded(target=WINDOWS)


def a_release_and_a_channel(scene: Scene) -> None:
    scene.uploaded()
    a_channel(scene.depot, scene.origin, "dev", OWNER)


def a_release_in_a_channel(scene: Scene) -> None:
    a_channel(scene.depot, scene.origin, "dev", OWNER)
    promote(scene.depot, scene.uploaded(), "dev", OWNER)


def a_needed_release(scene: Scene) -> None:
    needed = scene.uploaded()
    a_package(scene.depot, scene.origin, OWNER, name="needy", tdeps=[needed.path])


def three_releases_in_a_channel(scene: Scene) -> None:
    a_release_in_a_channel(scene)
    for version in ("1.1.0", "1.10.0"):
        promote(scene.depot, scene.uploaded(version), "dev", OWNER)
    a_channel(scene.depot, scene.origin, "other", OWNER)


def a_stable_release(scene: Scene) -> None:
    promote(scene.depot, scene.uploaded(), "stable", OWNER)


def a_user(scene: Scene) -> None:
    scene.prepared["account"] = an_account(name=f"user-of-{scene.origin}")


def a_user_with_access_token(scene: Scene) -> None:
    a_user(scene)
    token = scene.prepared["account"].token
    scene.prepared["id"] = scene.send("POST", "/profile/access-tokens", by=token).json()["id"]


def an_invitation(scene: Scene) -> None:
    a_user(scene)
    name = scene.prepared["account"].name
    invited = scene.send("POST", f"/depot/origins/{{o}}/users/{name}/invitations")
    assert invited.status == 201, invited
    scene.prepared["id"] = invited.json()["id"]


def a_member(scene: Scene) -> None:
    an_invitation(scene)
    path = f"/depot/origins/{{o}}/invitations/{scene.prepared['id']}"
    assert scene.send("PUT", path, by=scene.prepared["account"].token).status == 204


def rescind_invitation(scene: Scene) -> Reply:
    return scene.send("DELETE", f"/depot/origins/{{o}}/invitations/{scene.prepared['id']}")


def a_key_pair(scene: Scene) -> None:
    scene.prepared["public"], scene.prepared["secret"] = (key.text for key in a_signing_pair(scene.origin))


def upload_key(kind: str, path: str) -> Act:
    """A request that uploads the prepared key of a kind, `public` or `secret`."""
    return lambda scene: scene.send("POST", path, body=scene.prepared[kind].encode())


def an_encryption_key(scene: Scene) -> None:
    public = scene.send("GET", "/depot/origins/{o}/encryption_key")
    scene.prepared["sealed"] = {"name": "word", "value": a_sealed_value("hush", public.text)}


def a_secret(scene: Scene) -> None:
    an_encryption_key(scene)
    assert put_secret(scene).status == 201


def put_secret(scene: Scene) -> Reply:
    return scene.send("POST", "/depot/origins/{o}/secret", json=scene.prepared["sealed"])


def an_integration(scene: Scene) -> None:
    assert put_integration(scene).status == 201


def put_integration(scene: Scene) -> Reply:
    return scene.send("PUT", "/depot/origins/{o}/integrations/docker/hub", json={"username": "me", "password": "hush"})


def create_project(scene: Scene) -> Reply:
    return scene.send("POST", "/projects", json={"origin": scene.origin, "plan_path": "plan.sh"})


def a_project_of_tool(scene: Scene) -> None:
    """A project of the package `tool`, which has no release."""
    put_many([a_project_row(f"{scene.origin}/tool")])


def a_project(scene: Scene) -> None:
    assert create_project(scene).status == 201


def a_project_and_an_integration(scene: Scene) -> None:
    a_project(scene)
    an_integration(scene)


def a_project_with_an_integration(scene: Scene) -> None:
    a_project_and_an_integration(scene)
    stored = scene.send("PUT", "/projects/{o}/testapp/integrations/hub/default", body=b'{"latest_tag": true}')
    assert stored.status == 204, stored


def raw_upload(scene: Scene) -> Reply:
    return upload(scene.depot, scene.hart(tdeps=["core/glibc/2.0/20240101000000"]), scene.token)


def forced_upload(scene: Scene) -> Reply:
    return upload(scene.depot, scene.hart(), scene.token, forced=True)


def begin_upload(scene: Scene) -> Reply:
    hart = scene.hart()
    body = {"ident": hart.path, "target": hart.target, "checksum": hart.checksum, "size": len(hart.content)}
    return scene.send("POST", "/depot/uploads", json=body)


def an_upload_with_all_parts(scene: Scene) -> None:
    scene.prepared["upload"] = an_upload(scene.depot, scene.hart(), scene.token).send()


def complete_upload(scene: Scene) -> Reply:
    return scene.send("POST", f"{scene.prepared['upload'].url}/complete")


def abandon_upload(scene: Scene) -> Reply:
    return scene.send("DELETE", scene.prepared["upload"].url)


def a_free_name(scene: Scene) -> None:
    scene.prepared["name"] = scene.origin + "-new"


def create_origin(scene: Scene) -> Reply:
    return scene.send("POST", "/depot/origins", json={"name": scene.prepared["name"]})


def settings(scene: Scene) -> None:
    assert scene.send("POST", SETTINGS).status == 201


SETTINGS = "/settings/{o}/lonely"


def prepared(method: str, path: str, **options: Any) -> Act:
    """A request of the owner; `{id}` in the path is a prepared id."""
    return lambda scene: scene.send(method, path.replace("{id}", str(scene.prepared["id"])), **options)


def a_worker_of_the_origin(scene: Scene) -> None:
    body = {"name": "tower", "targets": ["x86_64-linux"]}
    made = scene.send("POST", "/workers/{o}", json=body).json()
    scene.prepared["id"], scene.prepared["worker"] = made["id"], Worker(scene.depot, made["token"])


def a_held_job(scene: Scene) -> None:
    a_worker_of_the_origin(scene)
    scene.prepared["job"] = a_waiting_job(scene.origin)
    with recorded_motor():
        scene.prepared["token"] = scene.prepared["worker"].gets()["token"]
    with Change() as change:
        change.update(job_key(int(scene.prepared["job"].id)), [JobRow.task_token.set(f"task of {scene.origin}")])


def a_job_and_a_worker(scene: Scene) -> None:
    """A job that waits, and a worker with the id of its claim."""
    a_worker_of_the_origin(scene)
    a_waiting_job(scene.origin)
    scene.prepared["claim"] = a_claim()


def claim_job(scene: Scene) -> Reply:
    """A request of the worker for the job; a repeat has the same id."""
    reply: Reply = scene.prepared["worker"].claims(scene.prepared["claim"])
    return reply


def of_held_job(operation: str, **options: Any) -> Act:
    """A request of the worker of the prepared job."""

    def act(scene: Scene) -> Reply:
        path = f"/work/jobs/{scene.prepared['job'].id}/{operation}"
        return scene.send("POST", path, by=scene.prepared["token"], **options)

    return act


def a_job_group(scene: Scene) -> None:
    """A group of one project, whose job waits for a worker, and whose execution sleeps."""
    name = f"{scene.origin}/tool"
    scene.uploaded()
    put_many([a_project_row(name)])
    reply = scene.send("POST", "/depot/pkgs/schedule/{o}/tool?package_only=true", headers={"User-Agent": "hab/1"})
    scene.prepared["id"] = reply.json()["id"]
    with Change() as change:
        key = group_key(int(scene.prepared["id"]))
        change.update(key, [GroupRow.sleeper.set(f"sleep of {scene.origin}")])


def an_unbuilt_group(scene: Scene) -> None:
    """A group that has ended, and has not built its project."""
    a_job_group(scene)
    check_groups(scene)
    group_id = int(scene.prepared["id"])
    set_entries(group_id, {f"{scene.origin}/tool": EntryState.FAILED})
    set_group(group_id, GroupState.COMPLETE)


def check_groups(scene: Scene) -> None:
    """The first check of the execution of each group of the origin."""
    for pointer in rows(GroupPointerRow, origin_groups_partition(scene.origin)):
        group_steps.check(int(pointer.group_id), generation=1, rounds=0)


def a_complete_group(scene: Scene) -> None:
    a_job_group(scene)
    set_entries(scene.prepared["id"], {f"{scene.origin}/tool": str(scene.hart().ident)})
    set_group(int(scene.prepared["id"]), GroupState.COMPLETE)
