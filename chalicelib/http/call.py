"""One request: its path, query, headers and body, decoded in one place (packages.md 1.5, platform.md 1.1-1.2)."""

import io
from collections.abc import Mapping
from functools import cached_property
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import unquote, urlencode

from msgspec import Struct

from chalicelib.core.deferred import deferred
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target, resolve
from chalicelib.http import body, query, validators
from chalicelib.http.body import BodyTooLarge
from chalicelib.http.validators import Unchanged
from chalicelib.identity.caller import Caller

with deferred():
    from chalicelib.platform import site

JSON_LIMIT = 2 * 1024 * 1024
TEXT_LIMIT = 256 * 1024

S = TypeVar("S", bound=Struct)


class Call:
    """A request and its caller. `path` holds the variables of the path, decoded once; `raw_path` holds them as sent."""

    def __init__(self, request: Any, raw_path: Mapping[str, str], caller: Caller) -> None:
        self._request = request
        self.raw_path = raw_path
        self.path = {name: unquote(value) for name, value in raw_path.items()}
        self.caller = caller
        self.etag: str | None = None

    def __getitem__(self, name: str) -> str:
        """Return a decoded path variable."""
        return self.path[name]

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None. Names are case-insensitive."""
        return cast("str | None", self._request.headers.get(name))

    def demand_changed(self, *revision: object) -> None:
        """Raise Unchanged if the client already has the answer that belongs to a revision of what is stored.

        A handler calls it before it makes an answer that takes work. The revision and the path determine the answer
        completely, together with what the caller may see. Without this call, the body is compared.
        """
        self.etag = validators.of_revision(*revision)
        if validators.is_known(self.etag, self.header("if-none-match")):
            raise Unchanged

    def query_as(self, shape: type[S]) -> S:
        """Return the query parameters that a struct declares. Raises QueryMalformed."""
        return query.parse(shape, self._parameters)

    def body_as(self, shape: type[S]) -> S:
        """Return the JSON body as a struct. Raises BodyMalformed, BodyTooLarge (over 2 MiB)."""
        return body.parse(shape, self.body_within(JSON_LIMIT), self.header("content-type") or "")

    def body_within(self, limit: int) -> bytes:
        """Return the whole body. Raises BodyTooLarge if it has more bytes than the limit."""
        content = self.body.read(limit + 1)
        if len(content) > limit:
            raise BodyTooLarge
        return content

    def raw_text(self) -> bytes:
        """Return a key or similar short text, whatever its content type. Raises BodyTooLarge (over 256 KiB)."""
        return self.body_within(TEXT_LIMIT)

    @cached_property
    def body(self) -> BinaryIO:
        """The body as a stream: from the event, or the file in which the local front stored a large body."""
        spooled = (self._request.context or {}).get("bldrBodyFile")
        return cast(BinaryIO, spooled) if spooled is not None else io.BytesIO(self._request.raw_body or b"")

    @property
    def user_agent(self) -> str:
        """The header `User-Agent`, or an empty text."""
        return self.header("user-agent") or ""

    @property
    def from_hab(self) -> bool:
        """True if the client is the `hab` command line. The supervisor (`hab-sup/`) is another client."""
        return self.user_agent.startswith("hab/")

    @property
    def target(self) -> Target:
        """The target from query, User-Agent or default (packages.md 1.6). Raises TargetUnknown."""
        return resolve(self._parameters.get("target"), self.user_agent)

    @property
    def names_target(self) -> bool:
        """True if the query names the target."""
        return "target" in self._parameters

    @property
    def ident(self) -> PackageIdent:
        """The full ident in the path."""
        return PackageIdent(self["origin"], self["pkg"], self["version"], self["release"])

    @property
    def request_uri(self) -> str:
        """Path with `/v1` and query as the client sent them, for `Location`."""
        context = self._request.context or {}
        path = context.get("path") or self._request.path
        parameters = self._request.query_params
        if not parameters:
            return cast(str, path)
        pairs = [(name, value) for name in parameters for value in parameters.getlist(name)]
        return f"{path}?{urlencode(pairs)}"

    @property
    def source_address(self) -> str:
        """The client's address as Lambda or our CloudFront distribution reports it, or an empty text.

        Raises SecretUnavailable.
        """
        if site.sent(self.header(site.KEY_HEADER)):
            return self.header(site.ADDRESS_HEADER) or ""
        identity = (self._request.context or {}).get("identity") or {}
        return str(identity.get("sourceIp") or "")

    def every(self, name: str) -> list[str]:
        """Return all values of a query parameter that may be repeated."""
        parameters = self._request.query_params
        return list(parameters.getlist(name)) if parameters is not None and name in parameters else []

    @cached_property
    def _parameters(self) -> dict[str, str]:
        """The last value of each query parameter; a parameter without `=` is empty."""
        parameters = self._request.query_params
        return {} if parameters is None else {name: parameters.getlist(name)[-1] for name in parameters}
