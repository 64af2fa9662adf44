"""GET, PUT and DELETE /retention/{origin}; our own paths (docs/ORIGINS.md)."""

from typing import Any

import pytest

from chalicelib.catalog.audit_rows import AuditRow, origin_audit_partition
from chalicelib.platform import table
from tests.api.client import Depot
from tests.api.retention.conftest import KEEP_ONE, put_policy
from tests.builders.members import a_member
from tests.builders.origins import an_origin

COMPLETE = {"keep_per_name": 5, "keep_per_channel": 2, "older_than_days": 30, "channels": ["nightly", "dev"]}


def test_a_policy_is_set_shown_replaced_and_deleted(depot: Depot, origin: str) -> None:
    path = f"/retention/{origin}"
    assert depot.get(path, by="bobo").status == 404

    set_first = depot.put(path, by="mystique", json=COMPLETE)
    shown = depot.get(path, by="bobo")
    replaced = depot.put(path, by="bobo", json=KEEP_ONE)
    deleted = [depot.delete(path, by="bobo").status for _ in range(2)]

    assert (set_first.status, set_first.json()) == (200, shown.json())
    assert shown.json() | {"set_at": ""} == {
        "origin": origin,
        **COMPLETE,
        "channels": ["dev", "nightly"],
        "set_by": "mystique",
        "set_at": "",
        "last_pass": {"begun_at": None, "finished_at": None, "removed": 0, "next_after": None},
    }
    assert replaced.json()["keep_per_channel"] == 1
    assert replaced.json()["channels"] == []
    assert deleted == [204, 204]
    assert depot.get(path, by="bobo").status == 404
    book = [
        row.operation for row in table.rows(AuditRow, origin_audit_partition(origin)) if "retention" in row.operation
    ]
    assert book == ["retention_set", "retention_set", "retention_delete"]


MALFORMED: list[Any] = [
    None,
    {},
    {"keep_per_name": 1},
    {"older_than_days": 1},
    {"keep_per_name": True, "older_than_days": 1},
    {"keep_per_name": "1", "older_than_days": 1},
    {"keep_per_name": 1, "older_than_days": 1.5},
    {"keep_per_name": 1, "older_than_days": 1, "channels": "dev"},
    {"keep_per_name": 1, "older_than_days": 1, "channels": [1]},
    {"keep_per_name": 1, "older_than_days": 1, "channels": ["\ud800"]},
    {"keep_per_name": 1, "older_than_days": 1, "keep_per_chanel": 1},
]
DANGEROUS: list[Any] = [
    {"keep_per_name": 0, "older_than_days": 1},
    {"keep_per_name": 1, "older_than_days": -1},
    {"keep_per_name": 1, "older_than_days": 1, "channels": ["stable"]},
]


@pytest.mark.parametrize("body", MALFORMED, ids=ascii)
def test_an_unreadable_body_is_400(depot: Depot, body: Any) -> None:
    assert depot.put("/retention/acme", by="bobo", json=body).status == 400


@pytest.mark.parametrize("body", DANGEROUS, ids=str)
def test_values_that_would_remove_too_much_are_422(depot: Depot, origin: str, body: Any) -> None:
    reply = depot.put(f"/retention/{origin}", by="bobo", json=body)

    assert reply.status == 422
    assert "must" in reply.text or "never" in reply.text
    assert depot.get(f"/retention/{origin}", by="bobo").status == 404


def test_maintainers_can_neither_see_set_nor_run_a_policy(depot: Depot, origin: str) -> None:
    a_member(depot, origin, "hank", "maintainer")
    put_policy(depot, origin)

    assert depot.get(f"/retention/{origin}", by="hank").status == 403
    assert depot.put(f"/retention/{origin}", by="hank", json=KEEP_ONE).status == 403
    assert depot.delete(f"/retention/{origin}", by="hank").status == 403
    assert depot.post(f"/retention/{origin}/run", by="hank", query={"dry_run": "true"}).status == 403
    assert depot.post(f"/retention/{origin}/run", by="hank").status == 403


def test_a_policy_is_deleted_with_its_origin(depot: Depot) -> None:
    origin = an_origin(depot)
    put_policy(depot, origin)

    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204
    an_origin(depot, owner="wesker", name=origin)

    assert depot.get(f"/retention/{origin}", by="wesker").status == 404
