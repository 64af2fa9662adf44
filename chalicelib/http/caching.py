"""Who may store an answer to a GET, and for how long (packages.md 1.3, RFC 9111).

Every GET has a validator, unless it shows a secret. A shared cache, such as CloudFront or the cache of a CI system, may
use a public answer that can change for `BLDR_PUBLIC_SECONDS`; browsers ask each time, and get 304 without a body.
"""

from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.http import validators
from chalicelib.http.answer import Answer
from chalicelib.http.call import Call
from chalicelib.platform.config import config

REVALIDATED = frozenset({200, 206, 304})
FIXED_SECONDS = 86_400
"""A day, and not a year: an origin can be deleted, and its keys with it."""


class Cached(Enum):
    """Who may store the answers of a GET."""

    NEVER = "no cache: the answer contains a secret, and has no validator"
    CLIENT = "the client, if the answer permits it"
    ANONYMOUS = "shared caches, if the request has no credential"
    OUTSIDERS = "shared caches, unless the caller has a role in the origin of the path"
    EVERYONE = "shared caches"
    FIXED = "shared caches and clients for a day, since the answer does not change"


def finished(cached: Cached, query: type[Struct] | None, call: Call, answer: Answer) -> Answer:
    """Return the answer to a GET with its validator and lifetime, or 304 if the client has it already.

    `query` is the declared shape of the query. An answer depends on the client's `User-Agent` if the query may name
    a target and does not. Such an answer is not shared. Nor is a page with status 206: without `Content-Range`, no rule
    says what a cache that knows ranges does with it (RFC 9111, 3.3).
    """
    if cached is Cached.NEVER or answer.status not in REVALIDATED:
        return answer
    by_agent = query is not None and "target" in query.__struct_fields__ and not call.names_target
    lifetime = {} if by_agent or answer.status == HTTPStatus.PARTIAL_CONTENT else _lifetime(cached, call)
    etag = call.etag or (validators.of_body(answer.body) if answer.body else None)
    headers = {**answer.headers, **lifetime, **({} if etag is None else {"ETag": etag})}
    if answer.status == 304 or (etag is not None and validators.is_known(etag, call.header("if-none-match"))):
        return Answer(304, headers=headers)
    return replace(answer, headers=headers)


def _lifetime(cached: Cached, call: Call) -> Mapping[str, str]:
    """Return the headers of an answer that shared caches may store, or none."""
    if cached is Cached.FIXED:
        return {"Cache-Control": f"public, max-age={FIXED_SECONDS}"}
    if not _is_shared(cached, call):
        return {}
    seconds = config.public_seconds
    lifetime = f"public, max-age=0, s-maxage={seconds}" if seconds else "public, no-cache"
    return {"Cache-Control": lifetime, "Vary": "Authorization"}


def _is_shared(cached: Cached, call: Call) -> bool:
    if cached is Cached.CLIENT:
        return False
    if cached is Cached.EVERYONE or call.caller.is_anonymous:
        return True
    origin = call.path.get("origin")  # a path of its own for one origin has none (packages.md 1.5)
    return cached is Cached.OUTSIDERS and origin is not None and call.caller.role_in(origin) is None
