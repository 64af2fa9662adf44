"""Who may call what, as data: each operation with the weakest caller that it lets through (accounts.md 6.3).

The requests are made so that a caller who may is answered without harm to the others: what they name does not exist, or
the request ends in a conflict. Only 401 and 403 are refusals: any other status means that the caller was let through.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Rank(IntEnum):
    """Callers, weakest first."""

    ANONYMOUS = 0
    OUTSIDER = 1
    INVITED = 2
    READONLY_MEMBER = 3
    MEMBER = 4
    MAINTAINER = 5
    ADMINISTRATOR = 6
    OWNER = 7


ANYONE, SIGNED_IN = Rank.ANONYMOUS, Rank.OUTSIDER


@dataclass(frozen=True)
class Cell:
    """An operation: how it is asked, the weakest caller that is let through, and the status of the others."""

    request: str
    weakest: Rank
    refused: int = 403
    json: Any = None
    body: bytes | None = None


IDENT = "no-such/1.0/20240101000000"
ORIGIN = "/depot/origins/{origin}"
C = "/depot/channels/{origin}/no-such-channel"
P = "/depot/pkgs/{origin}"
D = "/deprecations/{origin}/no-such"
CHANNEL: dict[str, Any] = {"weakest": Rank.MAINTAINER, "refused": 401}
WRITE_ORIGIN: dict[str, Any] = {"weakest": Rank.ADMINISTRATOR}

MATRIX = [
    Cell("GET /status", ANYONE),
    Cell("HEAD /status", ANYONE),
    Cell("GET /openapi.json", ANYONE),
    Cell("GET /docs", ANYONE),
    Cell("GET /authenticate/bobo", ANYONE),
    Cell("GET /profile", SIGNED_IN),
    Cell("PATCH /profile", SIGNED_IN, json={"email": "someone@example.com"}),
    Cell("GET /profile/access-tokens", SIGNED_IN),
    Cell("GET /profile/license", SIGNED_IN),
    Cell("PUT /profile/license", SIGNED_IN, json={"account_id": "1", "license_key": "no-such"}),
    Cell("GET /profile/tokens", SIGNED_IN),
    Cell("DELETE /profile/tokens/1", SIGNED_IN),
    Cell("GET /user/invitations", SIGNED_IN),
    Cell("GET /user/origins", SIGNED_IN),
    Cell("POST /depot/origins", SIGNED_IN, json={"name": "Not A Name"}),
    Cell("POST /ext/integrations/docker/credentials/validate", SIGNED_IN, json={}),
    Cell("GET /ext/installations/no-number/repos/1/contents/x", SIGNED_IN),
    Cell(f"GET {ORIGIN}", ANYONE),
    Cell(f"PUT {ORIGIN}", **WRITE_ORIGIN, json={"default_package_visibility": "public"}),
    Cell(f"DELETE {ORIGIN}", Rank.OWNER),
    Cell(f"GET {ORIGIN}/keys", ANYONE),
    Cell(f"GET {ORIGIN}/keys/latest", ANYONE),
    Cell(f"GET {ORIGIN}/keys/20000101000000", ANYONE),
    Cell(f"POST {ORIGIN}/keys", **WRITE_ORIGIN),
    Cell(f"POST {ORIGIN}/keys/20000101000000", **WRITE_ORIGIN, body=b"no key"),
    Cell(f"POST {ORIGIN}/keys/latest", **WRITE_ORIGIN, body=b"no key"),
    Cell(f"GET {ORIGIN}/secret_keys/latest", Rank.MEMBER),
    Cell(f"POST {ORIGIN}/secret_keys/latest", **WRITE_ORIGIN, body=b"no key"),
    Cell(f"POST {ORIGIN}/secret_keys/20000101000000", **WRITE_ORIGIN, body=b"no key"),
    Cell(f"GET {ORIGIN}/encryption_key", Rank.READONLY_MEMBER),
    Cell(f"GET {ORIGIN}/secret", **WRITE_ORIGIN),
    Cell(f"POST {ORIGIN}/secret", **WRITE_ORIGIN, json={"name": "", "value": ""}),
    Cell(f"DELETE {ORIGIN}/secret/no-such", **WRITE_ORIGIN),
    Cell(f"GET {ORIGIN}/integrations", Rank.READONLY_MEMBER),
    Cell(f"GET {ORIGIN}/integrations/docker/names", Rank.READONLY_MEMBER),
    Cell(f"GET {ORIGIN}/integrations/docker/no-such", Rank.READONLY_MEMBER),
    Cell(f"PUT {ORIGIN}/integrations/docker/matrix", Rank.MAINTAINER, body=b"{}"),
    Cell(f"DELETE {ORIGIN}/integrations/docker/matrix", Rank.MAINTAINER),
    Cell(f"PUT {ORIGIN}/integrations/docker/names", Rank.MAINTAINER, body=b"{}"),
    Cell(f"DELETE {ORIGIN}/integrations/docker/names", Rank.MAINTAINER),
    Cell(f"GET {ORIGIN}/users", Rank.READONLY_MEMBER),
    Cell(f"GET {ORIGIN}/invitations", Rank.READONLY_MEMBER),
    Cell(f"POST {ORIGIN}/users/no-such-account/invitations", Rank.MAINTAINER),
    Cell(f"GET {ORIGIN}/users/no-such-account/role", Rank.MEMBER),
    Cell(f"PUT {ORIGIN}/users/no-such-account/role?role=member", **WRITE_ORIGIN),
    Cell(f"DELETE {ORIGIN}/users/no-such-account", Rank.OWNER),
    Cell(f"POST {ORIGIN}/transfer/no-such-account", Rank.OWNER),
    Cell(f"PUT {ORIGIN}/invitations/1", SIGNED_IN),
    Cell(f"PUT {ORIGIN}/invitations/1/ignore", SIGNED_IN),
    Cell(f"DELETE {ORIGIN}/invitations/1", SIGNED_IN),
    Cell("GET /depot/{origin}/pkgs", ANYONE),
    Cell(f"GET {P}", ANYONE),
    Cell(f"GET {P}/no-such", ANYONE),
    Cell(f"GET {P}/no-such/versions", ANYONE),
    Cell(f"GET {P}/no-such/latest", ANYONE),
    Cell(f"GET {P}/no-such/1.0", ANYONE),
    Cell(f"GET {P}/no-such/1.0/latest", ANYONE),
    Cell(f"GET {P}/{IDENT}", ANYONE),
    Cell(f"GET {P}/{IDENT}/channels", ANYONE),
    Cell(f"GET {P}/{IDENT}/download", ANYONE),
    Cell(f"POST {P}/{IDENT}", Rank.MEMBER, body=b"no archive"),
    Cell(f"DELETE {P}/{IDENT}", Rank.MEMBER),
    Cell(f"PATCH {P}/{IDENT}/private", Rank.MAINTAINER),
    Cell("GET /depot/pkgs/search/no-such", ANYONE),
    Cell("GET /depot/channels/{origin}", ANYONE),
    Cell("POST /depot/channels/{origin}/stable", **CHANNEL),
    Cell(f"DELETE {C}", **CHANNEL),
    Cell(f"GET {C}/pkgs", ANYONE),
    Cell(f"GET {C}/pkgs/no-such", ANYONE),
    Cell(f"GET {C}/pkgs/no-such/1.0", ANYONE),
    Cell(f"GET {C}/pkgs/_latest?target=x86_64-linux", ANYONE),
    Cell(f"GET {C}/pkgs/no-such/latest", ANYONE),
    Cell(f"GET {C}/pkgs/no-such/1.0/latest", ANYONE),
    Cell(f"GET {C}/pkgs/{IDENT}", ANYONE),
    Cell(f"GET {C}/pkgs/promote", ANYONE),
    Cell(f"GET {C}/pkgs/demote", ANYONE),
    Cell(f"PUT {C}/pkgs/{IDENT}/promote", **CHANNEL),
    Cell(f"PUT {C}/pkgs/{IDENT}/demote", **CHANNEL),
    Cell(f"PUT {C}/pkgs/promote?channel=no-such-channel", **CHANNEL),
    Cell(f"POST {C}/pkgs/promote?channel=no-such-channel", **CHANNEL),
    Cell(f"PUT {C}/pkgs/demote?channel=no-such-channel", **CHANNEL),
    Cell(f"POST {C}/pkgs/demote?channel=no-such-channel", **CHANNEL),
    Cell("GET /settings/{origin}/no-such", Rank.READONLY_MEMBER),
    Cell("PUT /settings/{origin}/no-such", Rank.MAINTAINER, json={"visibility": "public"}),
    Cell("DELETE /settings/{origin}/no-such", Rank.MAINTAINER),
    Cell("POST /settings/{origin}/matrix", Rank.MAINTAINER),
    Cell("POST /promotions/{origin}", Rank.MAINTAINER, json={"channel": "no-such-channel", "idents": []}),
    Cell("POST /demotions/{origin}", Rank.MAINTAINER, json={"channel": "no-such-channel", "idents": []}),
    Cell("GET /retention/{origin}", **WRITE_ORIGIN),
    Cell("PUT /retention/{origin}", **WRITE_ORIGIN, json={"keep_per_name": 1, "older_than_days": 36_500}),
    Cell("POST /retention/{origin}/run?dry_run=true", **WRITE_ORIGIN),
    Cell("DELETE /retention/{origin}", **WRITE_ORIGIN),
    Cell(f"GET {D}", ANYONE),
    Cell(f"GET {D}/1.0", ANYONE),
    Cell(f"GET {D}/1.0/20240101000000", ANYONE),
    Cell(f"PUT {D}", Rank.MAINTAINER, json={"message": "old"}),
    Cell(f"PUT {D}/1.0", Rank.MAINTAINER, json={"message": "old"}),
    Cell(f"PUT {D}/1.0/20240101000000", Rank.MAINTAINER, json={"message": "old"}),
    Cell(f"DELETE {D}", Rank.MAINTAINER),
    Cell(f"DELETE {D}/1.0", Rank.MAINTAINER),
    Cell(f"DELETE {D}/1.0/20240101000000", Rank.MAINTAINER),
    Cell(f"GET /packages/{{origin}}/{IDENT}", ANYONE),
    Cell(f"PUT /unlisted/{{origin}}/{IDENT}", Rank.MAINTAINER),
    Cell(f"DELETE /unlisted/{{origin}}/{IDENT}", Rank.MAINTAINER),
    Cell("GET /depot/events?from_date=2024-1-1&to_date=2024-1-2", ANYONE),
]

DANGEROUS = {
    "POST /profile/access-tokens": "replaces the caller's token; held by tests/api/profile",
    "DELETE /profile/access-tokens/{}": "401 has a meaning of its own there; held by tests/api/profile",
    "POST /profile/tokens": "makes a token; held by tests/api/profile",
    "POST /depot/origins/{}/depart": "the caller is gone afterwards; held by test_departing",
    "POST /notify": "signed by GitHub, not by a session; held by tests/api/ext",
    "GET /depot/events/saas": "asks another server; held by tests/api/depot/events",
}
"""Operations whose refusals are tested elsewhere, and why they are not cells."""
