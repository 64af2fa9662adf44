"""Audit rows of an origin (accounts.md section 9)."""

from chalicelib.catalog.audit_rows import AuditRow, origin_audit_partition
from chalicelib.platform.table import rows
from tests.api.client import Depot
from tests.builders.keys import a_sealed_value, a_signing_pair
from tests.builders.members import a_member
from tests.builders.origins import an_origin


def audit_rows(origin: str) -> list[tuple[str, str, str]]:
    return [(row.operation, row.target, row.requester_name) for row in rows(AuditRow, origin_audit_partition(origin))]


def test_changes_of_the_origin_and_its_members_are_recorded(depot: Depot) -> None:
    origin = an_origin(depot)
    mystique_id = depot.get("/profile", by="mystique").json()["id"]
    depot.put(f"/depot/origins/{origin}", by="bobo", json={})
    a_member(depot, origin, "mystique", "maintainer")
    a_member(depot, origin, "wesker")
    depot.delete(f"/depot/origins/{origin}/users/wesker", by="bobo")
    depot.post(f"/depot/origins/{origin}/transfer/mystique", by="bobo")
    depot.post(f"/depot/origins/{origin}/depart", by="bobo")
    depot.delete(f"/depot/origins/{origin}", by="mystique")

    assert audit_rows(origin) == [
        ("origin_create", origin, "bobo"),
        ("origin_change", origin, "bobo"),
        ("invitation_send", "mystique", "bobo"),
        ("invitation_accept", "mystique", "mystique"),
        ("member_role", "mystique", "bobo"),
        ("invitation_send", "wesker", "bobo"),
        ("invitation_accept", "wesker", "wesker"),
        ("member_remove", "wesker", "bobo"),
        ("owner_transfer", mystique_id, "bobo"),
        ("member_depart", "bobo", "bobo"),
        ("origin_delete", origin, "mystique"),
    ]


def test_changes_of_keys_secrets_and_integrations_are_recorded_once(depot: Depot) -> None:
    origin = an_origin(depot)
    public, secret = (half.text.encode() for half in a_signing_pair(origin, "20240101000000"))
    depot.post(f"/depot/origins/{origin}/keys/x", by="bobo", body=public)
    depot.post(f"/depot/origins/{origin}/secret_keys/x", by="bobo", body=secret)
    encryption = depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo")
    depot.post(f"/depot/origins/{origin}/keys", by="bobo")
    signing = depot.get(f"/depot/origins/{origin}/keys/latest").headers["X-Filename"].removesuffix(".pub")
    sealed = {"name": "one", "value": a_sealed_value("1", encryption.text)}
    depot.post(f"/depot/origins/{origin}/secret", by="bobo", json=sealed)
    depot.put(f"/depot/origins/{origin}/integrations/docker/main", by="bobo", body=b"{}")
    for _ in range(2):
        depot.delete(f"/depot/origins/{origin}/secret/one", by="bobo")
        depot.delete(f"/depot/origins/{origin}/integrations/docker/main", by="bobo")

    assert [(operation, target) for operation, target, _ in audit_rows(origin)] == [
        ("origin_create", origin),
        ("key_upload", f"{origin}-20240101000000"),
        ("secret_key_upload", f"{origin}-20240101000000"),
        ("encryption_key_generate", encryption.headers["X-Filename"].removesuffix(".pub")),
        ("key_generate", signing),
        ("secret_store", "one"),
        ("integration_store", "docker/main"),
        ("secret_delete", "one"),
        ("integration_delete", "docker/main"),
    ]


def test_refused_requests_are_not_recorded(depot: Depot) -> None:
    origin = an_origin(depot)

    depot.post(f"/depot/origins/{origin}/keys", by="mystique")
    depot.post(f"/depot/origins/{origin}/transfer/bobo", by="bobo")
    depot.post("/depot/origins", by="mystique", json={"name": origin})

    assert audit_rows(origin) == [("origin_create", origin, "bobo")]
