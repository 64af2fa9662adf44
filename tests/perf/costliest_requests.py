"""The costliest legal request of every route, and what bounds it (docs/SECURITY.md).

Routes without an entry in SPECIAL have no request that costs much more than another one. They are measured with the
request of the authorisation matrix, whose JSON body is filled to the limit of 2 MiB.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app import app
from chalicelib.http.call import JSON_LIMIT, TEXT_LIMIT
from chalicelib.http.routes import ANYONE, Route
from local.seed.releases import MOST_NEEDED, PROBE
from tests.api.authorisation.matrix import MATRIX, Cell
from tests.api.client import Depot, Reply
from tests.builders.origins import an_origin
from tests.perf import prepared_requests as prepared
from tests.perf.prepared_requests import Prepare, Stage
from tests.perf.recording import Recording, record
from tests.perf.workload import OWNER, FilledDepot

DOCUMENT = Path(__file__).parents[2] / "docs" / "SECURITY.md"
BEGIN, END = "<!-- figures of tests.perf.costliest -->", "<!-- end of figures -->"

LETTERS = 8_000
"""Of a path or query; a longer request line is refused by the gateway and by the local front."""

EVER = "from_date=1990-01-01&to_date=2999-12-31"
LAST = "DELETE /depot/origins/{origin}"
"""The route that is measured last, because it deletes the origin of the others."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a request: a description, its bound and where it is in the code, and the request itself.

    `path` contains `{o}` for the origin that grows with the depot, and `{package}` for its newest release of PROBE.
    """

    description: str
    bound: str
    path: str = ""
    body: bytes | None = None


POINT = "a fixed number of keys"
ONE_PAGE = "50 rows of a page, found by the index of the list"
ALL_ROWS = "10,000 rows or 5 MB (`http/paging.py`)"
OF_A_NAME = "all releases of one name, without pages in the contract; 1 MB of rows per call"
JSON_BODY = "2 MiB (`http/call.py`), parsed into the declared shape only"
TEXT_BODY = "256 KiB (`http/call.py`)"
SEARCH = "450 terms; 50 names or 1,000 neighbouring ones counted; 10,000 idents for a page (`packages/search`)"
EVENTS = "2 million events in 450 chunks (`events/listing.py`)"
SET = "1,000 idents read (`promotions/service.py`)"
BULK = "15 s, then the state machine continues (`channels/bulk`)"
SCHEDULE = "2,000 projects in transactions of 95; more are written by a function (`builds/groups/filling.py`)"
GROUP_ROWS = "10,000 entries, 500 jobs and the reasons in ten origins (`builds/groups/progress.py`)"
MOVED = "10,000 entries read; 20 s of transactions, then 503 (`builds/groups/promotion.py`)"
RDEPS = "two keys per dependent, a hundred per call (`packages/dependents.py`)"
GRAPH = "the names of the graph, 25 MB of compressed snapshots (`graph/snapshots.py`); cached"
UPLOAD = "size, ratio, members and texts of the archive (`core/harts/hart_limits.py`)"

WORDS = "/".join([*(f"lib{number:x}" for number in range(440)), "l"])
SEARCH_PATH = f"/depot/pkgs/search/{quote(WORDS, safe='')[:LETTERS]}"
SET_BODY = json.dumps({"channel": "stable", "idents": ["o/n/v/r"] * 180_000}).encode()
IN_STABLE = "/depot/channels/{o}/stable/pkgs"

SPECIAL: dict[str, list[Form]] = {
    "GET /depot/pkgs/{origin}": [
        Form("`range=-1`", ALL_ROWS, "/depot/pkgs/{o}?range=-1"),
        Form("a deep page", "50 rows, and the counts of the origin's names", "/depot/pkgs/{o}?range=1000"),
    ],
    "GET /depot/pkgs/{origin}/{pkg}": [Form("`range=-1`", ALL_ROWS, f"/depot/pkgs/{{o}}/{MOST_NEEDED}?range=-1")],
    "GET /depot/pkgs/{origin}/{pkg}/{version}": [Form("`range=-1`", ALL_ROWS, "/depot/pkgs/{version}?range=-1")],
    "GET /depot/{origin}/pkgs": [Form("a deep page", ONE_PAGE, "/depot/{o}/pkgs?range=500")],
    "GET /depot/pkgs/{origin}/{pkg}/versions": [
        Form("the name with most releases", OF_A_NAME, f"/depot/pkgs/{{o}}/{MOST_NEEDED}/versions")
    ],
    "GET /depot/pkgs/{origin}/{pkg}/latest": [Form("an existing name", POINT, f"/depot/pkgs/{{o}}/{PROBE}/latest")],
    "GET /depot/pkgs/{origin}/{pkg}/{version}/latest": [
        Form("an existing version", POINT, "/depot/pkgs/{version}/latest")
    ],
    "GET /depot/pkgs/{origin}/{pkg}/{version}/{release}": [
        Form("an existing package", POINT, "/depot/pkgs/{package}"),
        Form("an ident of 7 KB", POINT, "/depot/pkgs/{o}/" + "x" * 7_000 + "/1/1"),
    ],
    "GET /depot/pkgs/{origin}/{pkg}/{version}/{release}/channels": [
        Form("an existing package", "30 channels (`catalog/steps.py`)", "/depot/pkgs/{package}/channels")
    ],
    "GET /depot/pkgs/{origin}/{pkg}/{version}/{release}/download": [
        Form("an existing package", "larger archives are a redirect", "/depot/pkgs/{package}/download")
    ],
    "GET /depot/pkgs/search/{query}": [
        Form("a whole origin", SEARCH, "/depot/pkgs/search/{o}"),
        Form("8 KB of different words", SEARCH, SEARCH_PATH),
        Form("a typo, similar names", SEARCH, "/depot/pkgs/search/lipc"),
    ],
    "GET /depot/channels/{origin}/{channel}/pkgs": [
        Form("a deep page, requested directly", ONE_PAGE, IN_STABLE + "?range=1000")
    ],
    "GET /depot/channels/{origin}/{channel}/pkgs/{pkg}": [
        Form("the name with most releases", ONE_PAGE, f"{IN_STABLE}/{MOST_NEEDED}")
    ],
    "GET /depot/channels/{origin}/{channel}/pkgs/_latest": [
        Form(
            "after a change",
            "the view of the channel, 300 KB at most, and a Query for each of 32 unknown names "
            "(`channels/newest_of_all.py`)",
            "/depot/channels/{o}/unstable/pkgs/_latest?target=x86_64-linux",
        )
    ],
    "GET /depot/channels/{origin}/{channel}/pkgs/{pkg}/latest": [
        Form("an existing name", POINT, f"{IN_STABLE}/{PROBE}/latest")
    ],
    "GET /depot/events": [
        Form("1,000 years", EVENTS, f"/depot/events?{EVER}"),
        Form("1,000 years and 7 KB of words", EVENTS, f"/depot/events?{EVER}&query={'ab/' * 2_300}l"),
    ],
    "POST /promotions/{origin}": [Form("180,000 idents", SET, "/promotions/{o}", SET_BODY)],
    "POST /demotions/{origin}": [Form("180,000 idents", SET, "/demotions/{o}", SET_BODY)],
    "PUT /projects/{origin}/{pkg}/integrations/{integration}/default": [
        Form(
            "a full body",
            "16 KiB (`projects/integrations/routes.py`)",
            "/projects/{o}/no-such/integrations/no-such/default",
            b'"' + b"x" * 16_000 + b'"',
        )
    ],
    "POST /notify": [
        Form(
            "a wrong signature",
            "25 MiB, nothing is parsed before the signature; then 20,000 files, 100 plans, 24 s (`ext/push_plans.py`)",
            "/notify",
            b"x" * 1_000_000,
        )
    ],
}

NOT_MEASURED: dict[str, Form] = {
    "GET /jobs/{id}": Form("any", POINT),
    "GET /builds/jobs/{id}": Form("any", POINT),
    "GET /jobs/{id}/log": Form("a log of 32 MB", "4.8 MB of lines, 6 MB read, 20 s to wait (`builds/jobs/logs.py`)"),
    "POST /work/jobs/{id}/log": Form("a full chunk", "200 KB of lines in one row (`core/builds/job_log.py`)"),
    "POST /work/claims": Form(
        "no job in many origins, or 5 MB of secrets",
        "20 s of waiting, 40 origins per search (`builds/workers/search.py`); 5 MB (`builds/workers/bundle.py`)",
    ),
    "GET /depot/events/saas": Form(
        "a slow public depot", "20 s and 4 MiB (`events/service.py`, `platform/outbound.py`)"
    ),
    "POST /depot/uploads/{id}/complete": Form("10,000 parts", "18 s of waiting; the work is done by a function"),
    "POST /depot/pkgs/schedule/{origin}/{pkg}": Form("2,000 dependents", SCHEDULE),
    "POST /depot/pkgs/schedule/{origin}/status": Form("2,000 dependents", SCHEDULE),
    "GET /builds/plans/{origin}/{pkg}": Form("a package that all others need", "a read for each hundred dependents"),
    "GET /builds/groups/{id}": Form("10,000 projects", GROUP_ROWS),
    "POST /jobs/group/{id}/cancel": Form("10,000 projects", "transactions of 90 rows, repeated by the watchdog"),
    "POST /jobs/group/{id}/rebuild": Form("300 packages, 2,000 projects", SCHEDULE),
    "POST /jobs/group/{id}/promote/{channel}": Form("10,000 packages", MOVED),
    "POST /jobs/group/{id}/demote/{channel}": Form("10,000 packages", MOVED),
    "POST /deletions/{origin}/{pkg}/{version}/{release}": Form(
        "a name that many need", "100 dependents, one Query each, then the plan ends (`packages/dependents.py`)"
    ),
    "GET /ext/installations/{install_id}/repos/{repo_id}/contents/{path}": Form(
        "a slow GitHub", "seconds and 4 MiB (`platform/outbound.py`)"
    ),
    "POST /ext/integrations/{registry_type}/credentials/validate": Form(
        "a slow registry", "seconds and 4 MiB (`platform/outbound.py`); public addresses only"
    ),
}
"""Routes whose cost depends on another service, on a function, or on other packages."""

OF_GITHUB = "GitHub: 20 s for all requests together, 4 MiB each (`github/installation.py`)"
OF_AN_ORIGIN = "what an origin can have (`catalog/origin_rows.py`), without pages in the contract"
CHANNELS = "the channels of the origin, whose number is limited (`catalog/origin_rows.py`); 1 MB of rows per call"
NO_CALLS = "no calls"
PREPARED: dict[str, tuple[Form, Prepare]] = {
    "GET /depot/origins/{origin}/keys": (Form("1,000 keys", OF_AN_ORIGIN), prepared.keys),
    "GET /depot/origins/{origin}/users": (Form("1,000 members", OF_AN_ORIGIN), prepared.members),
    "GET /depot/origins/{origin}/invitations": (Form("1,000 invitations", OF_AN_ORIGIN), prepared.invitations),
    "GET /depot/origins/{origin}/secret": (
        Form("4 MB of secrets", "4 MB of values (`origins/secrets/rows.py`)"),
        prepared.secrets,
    ),
    "GET /depot/origins/{origin}/integrations": (Form("1,000 integrations", OF_AN_ORIGIN), prepared.integrations),
    "GET /depot/origins/{origin}/integrations/{integration}/names": (
        Form("1,000 names", OF_AN_ORIGIN),
        prepared.integration_names,
    ),
    "GET /projects/{origin}": (Form("1,000 projects", OF_AN_ORIGIN), prepared.projects),
    "POST /projects": (Form("without GitHub", f"{OF_GITHUB}; {JSON_BODY}"), prepared.new_project),
    **{
        f"{method} /depot/channels/{{origin}}/{{channel}}/pkgs/{action}": (
            Form("a channel with a third of the depot", BULK),
            prepared.bulk(action, "stable"),
        )
        for method in ("PUT", "POST")
        for action in ("promote", "demote")
    },
    "DELETE /depot/channels/{origin}/{channel}": (
        Form("a channel with a third of the depot", "2 s, then the state machine continues (`channels/deletion.py`)"),
        prepared.channel_deletion,
    ),
    "POST /retention/{origin}/run": (
        Form("a trial in the largest origin", "20 s or 5,000 packages (`retention/removal.py`)"),
        prepared.retention_run,
    ),
    "GET /authenticate/{code}": (
        Form("functional-test mode", "30 per minute and address (`accounts/sign_in/limit.py`)"),
        prepared.sign_in,
    ),
    "POST /profile/access-tokens": (Form("replaces a token", POINT), prepared.new_access_token),
    "DELETE /profile/access-tokens/{id}": (Form("any", POINT), prepared.revoked_access_token),
    "POST /profile/tokens": (Form("the last of 50", "50 tokens; " + JSON_BODY), prepared.named_token),
    "POST /depot/origins/{origin}/depart": (Form("any", POINT), prepared.departure),
    "POST /depot/pkgs/{origin}/{pkg}/{version}/{release}": (
        Form("45,000 members, 4,000 dependencies", UPLOAD),
        prepared.raw_upload,
    ),
    "POST /depot/uploads": (
        Form("unknown size", "100 URLs in an answer (`uploads/service.py`); " + JSON_BODY),
        prepared.upload_beginning,
    ),
    "GET /rdeps/{origin}/{pkg}": (Form("the name that most need", RDEPS), prepared.dependents),
    "GET /rdeps/{origin}/{pkg}/group": (Form("the name that most need", GRAPH), prepared.groups_of_dependents),
    "GET /depot/uploads/{id}": (
        Form("10,000 parts", "10,000 parts, 100 URLs (`uploads/parts.py`)"),
        prepared.upload_state,
    ),
    "DELETE /depot/uploads/{id}": (Form("any", POINT), prepared.upload_deletion),
    "GET /workers/{origin}": (Form("50 workers", "50 workers (`catalog/origin_rows.py`)"), prepared.workers),
    "POST /work/jobs/{id}/heartbeat": (Form("any", POINT), prepared.heartbeat),
    "POST /work/jobs/{id}/result": (
        Form(
            "a long end of the log",
            "a fixed number of keys, and a call for each of 100 dependents (`builds/engine/settling.py`)",
        ),
        prepared.result,
    ),
}
"""Requests that need rows or an archive at their limits. Descriptions give the amounts of the document."""

BOUNDS = {
    "GET /depot/channels/{origin}": CHANNELS,
    "GET /depot/channels/{origin}/{channel}/pkgs/{pkg}/{version}": ONE_PAGE,
    "GET /depot/channels/{origin}/{channel}/pkgs/promote": ONE_PAGE,
    "GET /depot/channels/{origin}/{channel}/pkgs/demote": ONE_PAGE,
    "GET /user/origins": "1,000 origins (`origins/user/service.py`)",
    "GET /user/invitations": "1,000 invitations (`origins/invitations/service.py`)",
    "GET /profile/tokens": "50 tokens",
    "DELETE /depot/pkgs/{origin}/{pkg}/{version}/{release}": "the dependents of the name (`packages/dependents.py`)",
    "DELETE /depot/origins/{origin}": "continued by a repeat (`origins/deletion.py`)",
    "GET /openapi.json": NO_CALLS,
    "GET /docs": NO_CALLS,
    "POST /depot/pkgs/{origin}/{pkg}/{version}/latest": NO_CALLS,
    "PATCH /projects/{origin}/{pkg}/integrations": NO_CALLS,
    "PATCH /projects/{origin}/{pkg}/jobs": NO_CALLS,
    **{f"{method} /status": NO_CALLS for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")},
}
"""Bounds of routes without a form in SPECIAL, if their cost is not that of a fixed number of keys."""


@dataclass(frozen=True, slots=True)
class Request:
    """A form of a route's request, and a function to send it; None if it is not measured."""

    route: Route
    form: Form
    send: Callable[[Depot], Reply] | None


def requests(stage: Stage) -> Iterator[Request]:
    """Yield the costliest requests of all routes. Those of the matrix go to an origin of OWNER that has no packages."""
    filled = stage.filled
    cells = {cell.route.name: cell for cell in reversed(MATRIX)}
    for route in sorted(app.declared, key=lambda route: route.name == LAST):
        if route.name in NOT_MEASURED:
            yield Request(route, NOT_MEASURED[route.name], None)
            continue
        if route.name in PREPARED:
            yield _prepared(route, stage)
            continue
        by = None if route.needs is ANYONE else filled.token
        for form in SPECIAL.get(route.name, ()):
            yield Request(route, form, _sender(route.method, _filled_in(form.path, filled), by, form.body))
        if route.name not in SPECIAL:
            cell = cells.get(route.name)
            yield _of_matrix(route, cell, stage.origin, OWNER if by else None)


def _prepared(route: Route, stage: Stage) -> Request:
    form, prepare = PREPARED[route.name]
    ready = prepare(stage)
    is_json = ready.body is not None and ready.body.startswith(b"{")
    return Request(route, form, _sender(route.method, ready.path, ready.by, ready.body, is_json=is_json))


def _of_matrix(route: Route, cell: Cell | None, origin: str, by: str | None) -> Request:
    if cell is None:  # a method of /status without a cell
        return Request(route, Form("any", BOUNDS[route.name]), _sender(route.method, route.path, by, None))
    path = cell.path.replace("{origin}", origin)
    if isinstance(cell.json, dict):
        return Request(
            route, Form("150,000 keys", JSON_BODY), _sender(route.method, path, by, _with_keys(cell.json), is_json=True)
        )
    if cell.body is not None:
        return Request(route, Form("a full body", TEXT_BODY), _sender(route.method, path, by, b"x" * TEXT_LIMIT))
    return Request(route, Form("any", BOUNDS.get(route.name, POINT)), _sender(route.method, path, by, None))


def _with_keys(fields: dict[str, Any]) -> bytes:
    """Return a JSON object of 2 MiB with these fields and many others."""
    return json.dumps({**fields, "k": 0}).encode()[:-1] + _keys() + b"}"


@cache
def _keys() -> bytes:
    return b"".join(b',"k%06d":%d' % (number, number % 10) for number in range((JSON_LIMIT - 1_000) // 12))


def _sender(
    method: str, path: str, by: str | None, body: bytes | None, *, is_json: bool = True
) -> Callable[[Depot], Reply]:
    headers = {"Content-Type": "application/json"} if is_json and body is not None else {}
    return lambda depot: depot.request(method, path, by=by, body=body, headers=headers)


def _filled_in(path: str, filled: FilledDepot) -> str:
    ident = filled.newest
    version = f"{ident.origin}/{ident.name}/{ident.version}"
    return path.replace("{o}", ident.origin).replace("{version}", version).replace("{package}", str(ident))


@dataclass(frozen=True, slots=True)
class Measured:
    """A request, and its recording unless its cost is bounded elsewhere."""

    request: Request
    recording: Recording | None


def recorded(filled: FilledDepot, amount: int) -> Iterator[Measured]:
    """Send the costliest requests of all routes to a filled depot, and yield their recordings.

    `amount` is the number of rows that are prepared for lists without pages, and scales what else is prepared.
    """
    stage = Stage(filled, an_origin(filled.depot, owner=OWNER), amount)
    for request in requests(stage):
        yield Measured(request, None if request.send is None else record(app, request.send))
