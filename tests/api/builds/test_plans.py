"""GET /builds/plans/{origin}/{pkg}; an addition (docs/ORIGINS.md)."""

import pytest

from tests.api.client import Depot
from tests.builders.graphs import a_graph_of
from tests.builders.hart import a_hart
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import upload
from tests.builders.project_rows import a_stored_project
from tests.builders.recording_engine import RecordingEngine


@pytest.fixture
def alien(depot: Depot) -> str:
    """A name of another origin whose packages are public."""
    return f"{an_origin(depot, name=a_name('alien'))}/alien"


@pytest.fixture
def names(engine: RecordingEngine, origin: str, alien: str) -> list[str]:
    names = [f"{origin}/{name}" for name in ("base", "built", "off", "behind")]
    engine.graph = a_graph_of(
        {names[0]: (), names[1]: names[:1], names[2]: names[:1], names[3]: [names[2]], alien: names[:1]},
        {names[1]: f"{names[1]}/1.0/20240101000000"},
    )
    a_stored_project(names[0])
    a_stored_project(names[1])
    a_stored_project(names[2], auto_build=False)
    return names


def test_a_plan_says_what_would_be_built_and_why_the_rest_is_not(
    depot: Depot, names: list[str], origin: str, alien: str
) -> None:
    reply = depot.get(f"/builds/plans/{names[0]}", by="lkennedy")

    assert reply.status == 200
    assert reply.json() == {
        "project_name": names[0],
        "target": "x86_64-linux",
        "has_project": True,
        "automatic_builds": True,
        "projects": [
            {"name": names[0], "ident": f"{names[0]}/1/20240101000000"},
            {"name": names[1], "ident": f"{names[1]}/1.0/20240101000000"},
        ],
        "left_out": [
            {"name": alien, "reason": "no_project"},
            {"name": names[2], "reason": "automatic_builds_off"},
            {"name": names[3], "reason": "dependency_left_out", "dependency": names[2]},
        ],
    }
    assert depot.get(f"/depot/pkgs/schedule/{origin}/status").json() == []


def test_names_of_the_private_origins_of_others_are_not_shown(
    depot: Depot, engine: RecordingEngine, origin: str
) -> None:
    root, public = f"{origin}/base", an_origin(depot, "wesker")
    private = an_origin(depot, "wesker", visibility="private")
    engine.graph = a_graph_of(
        {f"{private}/tool": [root], f"{public}/tool": [f"{private}/tool"], "gone/tool": [root], root: ()}
    )

    def left_out(by: str) -> set[tuple[str, str | None]]:
        plan = depot.get(f"/builds/plans/{root}", by=by).json()
        return {(each["name"], each.get("dependency")) for each in plan["left_out"]}

    assert left_out("lkennedy") == {(f"{public}/tool", None)}
    a_member(depot, private, "lkennedy", owner="wesker")
    assert left_out("lkennedy") == {(f"{public}/tool", f"{private}/tool"), (f"{private}/tool", None)}


def test_the_flags_apply(depot: Depot, names: list[str]) -> None:
    plan = depot.get(f"/builds/plans/{names[0]}?package_only=true", by="lkennedy").json()

    assert [project["name"] for project in plan["projects"]] == names[:1]
    assert {each["reason"] for each in plan["left_out"]} == {"not_wanted"}


def test_refusals(depot: Depot, names: list[str], origin: str) -> None:
    path = f"/builds/plans/{names[0]}"
    assert [depot.get(path, by=by).status for by in (None, "wesker", "mystique", "lkennedy")] == [401, 403, 403, 200]
    assert depot.get(f"{path}?target=vax", by="lkennedy").status == 400
    assert upload(depot, a_hart(origin=origin, name="native", package_type="native")).status == 201
    assert depot.get(f"/builds/plans/{origin}/native", by="lkennedy").status == 422
