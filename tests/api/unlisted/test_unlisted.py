"""PUT, DELETE /unlisted/{origin}/{name}/{version}/{release} (docs/ORIGINS.md)."""

from tests.api.client import Depot
from tests.builders.origins import an_origin
from tests.builders.packages import a_package


def test_an_unlisted_release_can_be_downloaded_but_is_not_listed(depot: Depot) -> None:
    origin = an_origin(depot)
    old, new = (a_package(depot, origin, name="tool", version=version) for version in ("1.0", "1.1"))

    assert depot.put(f"/unlisted/{new.path}", by="bobo").status == 204
    assert depot.put(f"/unlisted/{new.path}", by="bobo").status == 204

    assert depot.get(f"/depot/pkgs/{origin}/tool/latest").json()["ident"]["version"] == old.ident.version
    assert depot.get(f"/depot/pkgs/{origin}/tool").json()["total_count"] == 1
    assert depot.get(f"/depot/pkgs/{new.path}").status == 404
    assert depot.get(f"/depot/pkgs/{new.path}/download").body == new.content
    assert depot.get(f"/depot/pkgs/{origin}/tool", by="bobo").json()["total_count"] == 2


def test_a_release_that_is_listed_again_has_the_visibility_of_its_settings(depot: Depot) -> None:
    origin = an_origin(depot)
    hart = a_package(depot, origin, name="tool")
    depot.put(f"/unlisted/{hart.path}", by="bobo")
    depot.put(f"/settings/{origin}/tool", by="bobo", json={"visibility": "private"})

    assert depot.delete(f"/unlisted/{hart.path}", by="bobo").status == 204
    assert depot.get(f"/depot/pkgs/{hart.path}", by="bobo").json()["visibility"] == "private"

    depot.put(f"/settings/{origin}/tool", by="bobo", json={"visibility": "public"})
    assert depot.delete(f"/unlisted/{hart.path}", by="bobo").status == 204
    assert depot.get(f"/depot/pkgs/{hart.path}").status == 200


def test_an_unknown_release_is_404(depot: Depot) -> None:
    path = f"/unlisted/{an_origin(depot)}/tool/1.0/20240101000000"

    assert depot.put(path, by="bobo").status == 404
    assert depot.delete(path, by="bobo").status == 404
