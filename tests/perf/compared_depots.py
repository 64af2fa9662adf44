"""Two depots with the same packages, ours and pypicloud, and how each is asked for the same thing."""

import itertools
import os
import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from tests.builders.hart import Hart, a_hart
from tests.builders.stack import Stack, process_tree
from tests.builders.wire import Wire
from tests.perf.counting_engine import PATH
from tests.perf.keep_alive import request, send_all
from tests.perf.paired_rounds import Round
from tests.perf.pypicloud_app import AUTHORIZATION

ORIGIN = "bench"
PAYLOAD_BYTES = 20_000
FILLING_CONNECTIONS = 4
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Compared(ABC):
    """A depot whose rounds are measured."""

    created: int
    """The status of an upload."""

    def __init__(self, port: int, engine: int, processes: Sequence[int]) -> None:
        self._port = port
        self._engine = engine
        self._processes = processes
        self._archives: list[Hart] = []
        self._names = 0
        self._versions = itertools.count(1)

    def fill(self, names: int, releases: int) -> None:
        """Upload one release of each name, and more releases of the first name."""
        self._names = names
        archives = [an_archive(number, "1.0.0") for number in range(names)]
        archives += [an_archive(0, f"1.{minor}.0") for minor in range(1, releases)]
        send_all(self._port, [self.upload(archive) for archive in archives], self.created, FILLING_CONNECTIONS)
        self._archives = archives

    def round(self, workload: str, requests: int, connections: int) -> Round:
        """Return what a number of requests of a workload cost."""
        messages, status = self._messages(workload, requests)
        calls, cpu = self._calls(), cpu_seconds(self._processes)
        seconds = send_all(self._port, messages, status, connections)
        return Round(requests, cpu_seconds(self._processes) - cpu, seconds, self._calls() - calls)

    def _messages(self, workload: str, requests: int) -> tuple[list[bytes], int]:
        if workload in ("list", "latest"):
            ask = self.list if workload == "list" else self.latest
            return [ask(self._archives[0])] * requests, 200
        single = itertools.islice(itertools.cycle(self._archives[1 : self._names]), requests)
        if workload in ("list-of-one", "latest-of-one"):
            ask = self.list if workload == "list-of-one" else self.latest
            return [ask(archive) for archive in single], 200
        if workload == "redirect":
            return [self.redirect(archive) for archive in single], 302
        version = f"2.{next(self._versions)}"
        archives = [an_archive(turn % self._names, f"{version}.{turn // self._names}") for turn in range(requests)]
        return [self.upload(archive) for archive in archives], self.created

    def _calls(self) -> int:
        """Return how many calls the engine has received so far."""
        with Wire(self._engine) as wire:
            return sum(wire.get(PATH).json().values())

    @abstractmethod
    def list(self, archive: Hart) -> bytes:
        """Return a request for all releases of a name."""

    @abstractmethod
    def latest(self, archive: Hart) -> bytes:
        """Return a request for the newest release of a name."""

    @abstractmethod
    def redirect(self, archive: Hart) -> bytes:
        """Return a request that is answered with a signed URL of S3."""

    @abstractmethod
    def upload(self, archive: Hart) -> bytes:
        """Return a request that uploads an archive."""


class OurDepot(Compared):
    """Our API. Requests have a personal access token of a member of the origin."""

    created = 201

    def __init__(self, port: int, engine: int, processes: Sequence[int], token: str) -> None:
        super().__init__(port, engine, processes)
        self._authorization = f"Bearer {token}"

    @classmethod
    def of(cls, stack: Stack, engine: int) -> "OurDepot":
        """Return the depot of a local stack, with an origin for the packages."""
        assert stack.http.post("/v1/depot/origins", json={"name": ORIGIN}).status_code == 201
        token = stack.http.post("/v1/profile/access-tokens").json()["token"]
        return cls(urlsplit(stack.url).port or 0, engine, stack.api_processes(), token)

    def list(self, archive: Hart) -> bytes:
        return self._get(f"{ORIGIN}/{archive.ident.name}")

    def latest(self, archive: Hart) -> bytes:
        return self._get(f"{ORIGIN}/{archive.ident.name}/latest?target={archive.target}")

    def redirect(self, archive: Hart) -> bytes:
        return self._get(f"{archive.path}/download?target={archive.target}&redirect=s3")

    def upload(self, archive: Hart) -> bytes:
        target = f"/v1{archive.url}?checksum={archive.checksum}&target={archive.target}&forced=false"
        return request("POST", target, self._authorization, archive.content)

    def _get(self, path: str) -> bytes:
        return request("GET", f"/v1/depot/pkgs/{path}", self._authorization)


class PypicloudDepot(Compared):
    """pypicloud. Its archives have the same bytes under the name of a source distribution."""

    created = 200
    _BOUNDARY = "boundary-of-the-form"

    def __init__(self, port: int, process: int, engine: int) -> None:
        super().__init__(port, engine, process_tree(process))

    def list(self, archive: Hart) -> bytes:
        return request("GET", f"/simple/{archive.ident.name}/", AUTHORIZATION)

    def latest(self, archive: Hart) -> bytes:
        return request("GET", f"/pypi/{archive.ident.name}/json", AUTHORIZATION)

    def redirect(self, archive: Hart) -> bytes:
        return request("GET", f"/api/package/{archive.ident.name}/{_file_name(archive)}", AUTHORIZATION)

    def upload(self, archive: Hart) -> bytes:
        fields = {":action": "file_upload", "name": archive.ident.name, "version": archive.ident.version}
        parts = [self._part(f'name="{name}"', value.encode()) for name, value in fields.items()]
        parts.append(self._part(f'name="content"; filename="{_file_name(archive)}"', archive.content))
        body = b"".join(parts) + f"--{self._BOUNDARY}--\r\n".encode()
        return request("POST", "/simple/", AUTHORIZATION, body, f"multipart/form-data; boundary={self._BOUNDARY}")

    def _part(self, disposition: str, content: bytes) -> bytes:
        return (
            f"--{self._BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + content + b"\r\n"
        )


def an_archive(number: int, version: str) -> Hart:
    """Return a release of the nth name. The same arguments give the same bytes, which cannot be compressed."""
    payload = random.Random(f"{number} {version}").randbytes(PAYLOAD_BYTES)
    return a_hart(origin=ORIGIN, name=f"name-{number}", version=version, payload=payload)


def cpu_seconds(processes: Sequence[int]) -> float:
    """Return the CPU time that processes have used, in user and kernel mode."""
    return sum(_ticks(Path(f"/proc/{process}/stat").read_text()) for process in processes) / _TICKS_PER_SECOND


def _ticks(stat: str) -> int:
    fields = stat.rpartition(")")[2].split()  # from the third field on: the second, the name, may contain spaces
    return int(fields[11]) + int(fields[12])


def _file_name(archive: Hart) -> str:
    return f"{archive.ident.name}-{archive.ident.version}.tar.gz"
