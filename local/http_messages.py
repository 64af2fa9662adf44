"""HTTP requests and answers as the front passes them between the server, the app and the bucket."""

from collections.abc import Iterator
from dataclasses import dataclass, field

WITHOUT_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request without its body. Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    source_ip: str = ""
    protocol: str = "HTTP/1.1"

    @property
    def raw_path(self) -> str:
        """The percent-encoded path as the client sent it, or "" if the target has none."""
        target = self.target.partition("?")[0]
        if target.startswith("/"):
            return target
        _, scheme, rest = target.partition("://")  # absolute form, which clients of a proxy send
        return "/" + rest.partition("/")[2] if scheme else ""

    @property
    def raw_query(self) -> str:
        """The query as the client sent it, without the question mark."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status, headers in order, and body of an answer. A large body comes as `chunks`, with its `length`."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    chunks: Iterator[bytes] | None = None
    length: int | None = None

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None. Names are compared without case."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    def without(self, *names: str) -> list[tuple[str, str]]:
        """Return the headers except those with the given names, which are in lower case."""
        return [(name, value) for name, value in self.headers if name.lower() not in names]

    def framed(self) -> list[tuple[str, str]]:
        """Return the headers to send. An empty body has no content type, and 204 and 304 have no length."""
        length = len(self.body) if self.length is None else self.length
        headers = self.without("content-length") if length else self.without("content-length", "content-type")
        if self.status not in WITHOUT_BODY:
            headers.append(("Content-Length", str(length)))
        return headers

    def body_for(self, method: str) -> bytes:
        """Return the body to send in one piece: nothing for HEAD, 204 and 304."""
        return b"" if method == "HEAD" or self.status in WITHOUT_BODY else self.body
