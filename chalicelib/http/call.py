"""One incoming request, its values read and decoded in one place (packages.md 1.5, platform.md 1.1-1.2)."""

import io
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import unquote, urlencode

from msgspec import Struct

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target, resolve
from chalicelib.http import body, query
from chalicelib.http.body import BodyMalformed, BodyTooLarge
from chalicelib.http.query import QueryMalformed
from chalicelib.identity.caller import Caller

JSON_LIMIT = 2 * 1024 * 1024
TEXT_LIMIT = 256 * 1024

S = TypeVar("S", bound=Struct)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


class Call:
    """What a client sent. Variables of the path are in `path`, decoded exactly once, and in `raw_path` as sent."""

    def __init__(self, request: Any, raw_path: Mapping[str, str], caller: Caller) -> None:
        self._request = request
        self.raw_path = raw_path
        self.path = {name: unquote(value) for name, value in raw_path.items()}
        self.caller = caller

    def __getitem__(self, name: str) -> str:
        """A decoded path variable."""
        return self.path[name]

    def header(self, name: str) -> str | None:
        """A header's value, whatever the case of its name."""
        return cast("str | None", self._request.headers.get(name))

    def query_as(self, shape: type[S]) -> S:
        """The query parameters that a struct declares. Raises QueryMalformed."""
        parameters = self._request.query_params
        sent = {} if parameters is None else {name: parameters.getlist(name)[-1] for name in parameters}
        return query.parse(shape, sent)

    def body_as(self, shape: type[S]) -> S:
        """The JSON body as a struct. Raises BodyMalformed, BodyTooLarge (over 2 MiB)."""
        return body.parse(shape, self._limited(JSON_LIMIT), self.header("content-type") or "")

    def query(self, name: str, default: str = "") -> str:
        """The last value of a query parameter; without `=` it is empty."""
        value = self.optional(name)
        return default if value is None else value

    def optional(self, name: str) -> str | None:
        """The last value of a query parameter, or None if it was not sent."""
        parameters = self._request.query_params
        if parameters is None or name not in parameters:
            return None
        return cast(str, parameters.getlist(name)[-1])

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number of the query. Raises QueryMalformed."""
        value = self.optional(name)
        if value is None:
            return default
        if not _INTEGER.fullmatch(value):
            raise QueryMalformed(f"invalid digit found in {name}")
        return int(value)

    def flag(self, name: str) -> bool:
        """A boolean of the query: only the words true and false, absent is false. Raises QueryMalformed."""
        value = self.optional(name)
        if value not in (None, "true", "false"):
            raise QueryMalformed(f"{name} must be `true` or `false`")
        return value == "true"

    @property
    def user_agent(self) -> str:
        """The client's name for itself, empty if unsaid."""
        return self.header("user-agent") or ""

    @property
    def from_hab(self) -> bool:
        """True for the `hab` command line; a supervisor (`hab-sup/`) is somebody else."""
        return self.user_agent.startswith("hab/")

    @property
    def target(self) -> Target:
        """The target from query, User-Agent or default (packages.md 1.6). Raises TargetUnknown."""
        return resolve(self.optional("target"), self.user_agent)

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
        """The address that the request came from, as the gateway saw it."""
        identity = (self._request.context or {}).get("identity") or {}
        return str(identity.get("sourceIp") or "")

    def json_object(self) -> dict[str, Any]:
        """The JSON object in the body. Raises BodyMalformed, BodyTooLarge (over 2 MiB)."""
        content_type = (self.header("content-type") or "").partition(";")[0].strip().lower()
        if content_type != "application/json" and not content_type.endswith("+json"):
            raise BodyMalformed("Content type error")
        content = self._limited(JSON_LIMIT)
        try:
            value = _parsed(content)
        except (ValueError, RecursionError) as problem:
            raise BodyMalformed("the body is not JSON") from problem
        if not isinstance(value, dict):
            raise BodyMalformed("expected an object")
        return value

    def raw_text(self) -> bytes:
        """A key or similar short text, whatever its content type. Raises BodyTooLarge (over 256 KiB)."""
        return self._limited(TEXT_LIMIT)

    @cached_property
    def body(self) -> BinaryIO:
        """The body as a stream: from the event, or the file in which the local front put a large one."""
        spooled = (self._request.context or {}).get("bldrBodyFile")
        return cast(BinaryIO, spooled) if spooled is not None else io.BytesIO(self._request.raw_body or b"")

    def _limited(self, limit: int) -> bytes:
        content = self.body.read(limit + 1)
        if len(content) > limit:
            raise BodyTooLarge
        return content


def _parsed(content: bytes) -> Any:
    """JSON as its standard has it. Raises ValueError for what Python reads beyond it, RecursionError."""
    value = json.loads(content.decode(), parse_constant=_no_number)
    # Escapes can spell half of a character, which is no text: nobody could store it or send it back.
    if b"\\u" in content:
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")
