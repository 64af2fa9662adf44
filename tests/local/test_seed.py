"""`make seed` writes the same rows as uploads, promotions and visibility changes through the API."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

from chalicelib.catalog.package_texts import PackageLists, Texts
from local.seed import bulk_writer
from local.seed.package_graph import generate
from local.seed.releases import GRAPH_SEED, MOST_NEEDED, PROBE, GeneratedDepot, Release
from tests.api.client import Depot
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.packages import upload
from tests.builders.rows import partition_rows, partitions
from tests.builders.shelf import stored_totals

ARCHIVE_ATTRIBUTES = {"checksum", "size"}
UPLOAD_ATTRIBUTES = {"epoch", "id", "log_id", "revision", "created_at", "updated_at", "artifact"}
NOT_COMPARED = ("AUDIT", "FENCES#", "LIST-CHANGES#", "LIST-INDEX#")
"""Audit rows, fences, and the rows of counted lists, whose totals are compared."""

IGNORED = {"pk", "sk", *ARCHIVE_ATTRIBUTES, *UPLOAD_ATTRIBUTES}
"""Attributes that differ between two uploads of the same package."""


def test_equal_arguments_generate_equal_packages() -> None:
    first, repeat, other = (
        [release for origin in depot.origins for name in depot.names(origin) for release in name]
        for depot in (GeneratedDepot(500), GeneratedDepot(500), GeneratedDepot(500, seed=1))
    )

    assert first == repeat != other
    assert len(first) == 500
    assert len({(release.ident, release.target) for release in first}) == 500
    assert {bool(release.tdeps) for release in first} == {release.private for release in first} == {True, False}
    assert len({release.target for release in first}) > 1
    assert len({channel for release in first for channel in release.channels}) > 1


def test_the_probe_does_not_grow_with_the_depot() -> None:
    small, large = (
        [len(releases) for releases in GeneratedDepot(size).names("core") if releases[0].ident.name == PROBE]
        for size in (100, 9_000)
    )

    assert small == large == [50]


def test_the_named_packages_are_the_extremes_of_the_graph() -> None:
    plans = generate(GRAPH_SEED)
    dependents = Counter(dep for plan in plans for dep in plan.deps)

    assert max(plans, key=lambda plan: len(plan.versions)).name == PROBE
    assert dependents.most_common(1)[0][0] == MOST_NEEDED


class Sample(GeneratedDepot):
    """The last names of a depot's origins, which include private ones and ones with two targets."""

    def names(self, origin: str) -> Iterator[list[Release]]:
        """Yield the releases of each name from the 52nd name on."""
        return islice(super().names(origin), 51, None)


def test_the_rows_equal_those_of_the_api(depot: Depot) -> None:
    suffix = a_name("").replace("-", "")
    in_bulk, through_api = (Sample(230, seed=1, prefix=f"{word}{suffix}") for word in ("bulk", "base"))
    releases = [release for origin in in_bulk.origins for name in in_bulk.names(origin) for release in name]
    assert {release.private for release in releases} == {True, False}
    assert len({release.ident for release in releases}) < len(releases) < 60

    assert bulk_writer.write(in_bulk, "bobo") > 10 * len(releases)
    _publish(depot, through_api)

    written, expected = _rows(in_bulk.prefix), _rows(through_api.prefix)
    assert {key: rows for key, rows in expected.items() if written.get(key) != rows} == {}
    assert written == expected
    for one, other in zip(in_bulk.origins, through_api.origins, strict=True):
        assert stored_totals(one) == stored_totals(other)
    assert any(map(stored_totals, in_bulk.origins))


def _publish(depot: Depot, generated: GeneratedDepot) -> None:
    for origin in generated.origins:
        assert depot.post("/depot/origins", by="bobo", json={"name": origin}).status == 201
        for channel in ("base-2025", "LTS-2024"):
            assert depot.post(f"/depot/channels/{origin}/{channel}", by="bobo").status == 201
        for releases in generated.names(origin):
            for release in releases:
                _publish_release(depot, release)


def _publish_release(depot: Depot, release: Release) -> None:
    ident, texts = release.ident, bulk_writer.metafiles(release)
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


def _rows(prefix: str) -> dict[tuple[str, str], list[Any]]:
    """Return all rows that contain the prefix of a depot's origins, by key, except those of NOT_COMPARED.

    Prefix and times are replaced, so that the rows of two depots can be compared. Keys of events differ only in their
    time, so a key can have several rows, in the order of their time.
    """
    rows: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for pk in partitions():
        for sk, row in sorted(partition_rows(pk).items()):
            text = json.dumps([pk, sk])
            if prefix not in text or pk.startswith(NOT_COMPARED):
                continue
            text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+|\d{19}", "TIME", text)
            key = json.loads(text.replace(prefix, "PREFIX"))
            attributes = {
                name: _text(name, value).replace(prefix, "PREFIX") for name, value in row.items() if name not in IGNORED
            }
            rows[tuple(key)].append(attributes)
    return rows


def _text(name: str, value: Any) -> str:
    if not isinstance(value, bytes):
        return str(value)
    return str(PackageLists.unpacked(value) if name == "lists" else Texts.unpacked(value))
