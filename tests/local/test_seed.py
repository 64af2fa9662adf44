"""What `make seed` writes is what uploads, promotions and changes of visibility through the API write."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

from chalicelib.catalog.package_rows import Texts
from local.seed.package_graph import generate
from local.seed.releases import GRAPH_SEED, MOST_NEEDED, PROBE, Release, SeedPlan
from local.seed.writer import metafiles, write
from tests.api.client import Depot
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.packages import upload
from tests.builders.rows import partition_rows, partitions

OF_THE_ARCHIVE = {"checksum", "size"}
OF_THE_MOMENT = {"id", "revision", "created_at", "updated_at", "artifact"}


def test_the_same_wishes_give_the_same_catalogue_of_the_wanted_size() -> None:
    first, again, other = (
        [release for origin in plan.origins for name in plan.names(origin) for release in name]
        for plan in (SeedPlan(500), SeedPlan(500), SeedPlan(500, seed=1))
    )

    assert first == again != other
    assert len(first) == 500
    assert len({(release.ident, release.target) for release in first}) == 500
    assert {bool(release.tdeps) for release in first} == {release.private for release in first} == {True, False}
    assert len({release.target for release in first}) > 1
    assert len({channel for release in first for channel in release.channels}) > 1


def test_the_probe_does_not_grow_with_the_depot() -> None:
    small, large = (
        [len(releases) for releases in SeedPlan(size).names("core") if releases[0].ident.name == PROBE]
        for size in (100, 9_000)
    )

    assert small == large == [50]


def test_the_named_packages_are_the_extremes_of_the_graph() -> None:
    plans = generate(GRAPH_SEED)
    needed = Counter(dep for plan in plans for dep in plan.deps)

    assert max(plans, key=lambda plan: len(plan.versions)).name == PROBE
    assert needed.most_common(1)[0][0] == MOST_NEEDED


class Sample(SeedPlan):
    """The last names of a plan's origins; some are private, some have two targets."""

    def names(self, origin: str) -> Iterator[list[Release]]:
        """As the plan has them."""
        return islice(super().names(origin), 51, None)


def test_rows_equal_those_of_the_api(depot: Depot) -> None:
    word = a_name("").replace("-", "")
    direct, published = (Sample(230, seed=1, prefix=f"{first}{word}") for first in ("planned", "public"))
    every = [release for origin in direct.origins for name in direct.names(origin) for release in name]
    assert {release.private for release in every} == {True, False}
    assert len({release.ident for release in every}) < len(every) < 60

    assert write(direct, "bobo") > 10 * len(every)
    _publish(depot, published)

    written, expected = _rows(direct.prefix, "PREFIX"), _rows(published.prefix, "PREFIX")
    assert {place: row for place, row in expected.items() if written.get(place) != row} == {}
    assert written == expected


def _publish(depot: Depot, plan: SeedPlan) -> None:
    for origin in plan.origins:
        assert depot.post("/depot/origins", by="bobo", json={"name": origin}).status == 201
        for channel in ("base-2025", "LTS-2024"):
            assert depot.post(f"/depot/channels/{origin}/{channel}", by="bobo").status == 201
        for releases in plan.names(origin):
            for release in releases:
                _publish_release(depot, release)


def _publish_release(depot: Depot, release: Release) -> None:
    ident, texts = release.ident, metafiles(release)
    hart = a_hart(
        origin=ident.origin,
        name=ident.name,
        version=ident.version,
        release=ident.release,
        target=release.target,
        deps=release.deps,
        tdeps=release.tdeps,
        build_deps=release.build_deps,
        manifest=texts["MANIFEST"],
    )
    assert upload(depot, hart).status == 201
    for channel in release.channels:
        query = {"target": release.target}
        assert depot.put(f"{hart.in_channel(channel)}/promote", by="bobo", query=query).status == 200
    if release.private:
        assert depot.patch(f"{hart.url}/private", by="bobo").status == 200


def _rows(prefix: str, instead: str) -> dict[tuple[str, str], list[Any]]:
    """All rows that name an origin of the prefix, without what differs between two uploads of the same package.

    The events of one package have one place when their times are left out, so each place has a list, in time's order.
    """
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for pk in partitions():
        for sk, row in sorted(partition_rows(pk).items()):
            whole = json.dumps([pk, sk])
            if prefix not in whole or "AUDIT" in pk:
                continue
            place = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+", "TIME", whole).replace(prefix, instead)
            found[tuple(json.loads(place))].append(
                {
                    name: _text(value).replace(prefix, instead)
                    for name, value in row.items()
                    if name not in {"pk", "sk", *OF_THE_ARCHIVE, *OF_THE_MOMENT}
                }
            )
    return found


def _text(value: Any) -> str:
    return str(Texts.unpacked(value)) if isinstance(value, bytes) else str(value)
