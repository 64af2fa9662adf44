"""The fields of a reported result, validated. Pure."""

from datetime import datetime

from chalicelib.builds.engine.settling import Result, ResultKind
from chalicelib.builds.workers.errors import ResultInvalid
from chalicelib.builds.workers.shapes import NewResult
from chalicelib.core.builds.build_states import JobError
from chalicelib.core.ident import IdentMalformed, PackageIdent, is_storable

STEP_CHARACTERS, LAST_LINES_CHARACTERS = 200, 20_000


def checked(sent: NewResult) -> Result:
    """Return the result that a worker sent. Texts that are too long are cut. Raises ResultInvalid."""
    try:
        kind = ResultKind(sent.kind)
    except ValueError as problem:
        raise ResultInvalid(f"`kind` must be one of {', '.join(ResultKind)}, not {sent.kind[:100]!r}") from problem
    if kind is ResultKind.FAILED and sent.error not in set(JobError):
        raise ResultInvalid(f"`error` must be one of {', '.join(JobError)}, not {sent.error[:100]!r}")
    if kind is not ResultKind.FAILED and sent.error:
        raise ResultInvalid("`error` must be empty unless `kind` is `failed`")
    if kind is ResultKind.COMPLETE or sent.ident:
        _demand_ident(sent.ident)
    for field in ("build_started_at", "build_finished_at"):
        _demand_time(field, getattr(sent, field))
    return Result(
        kind,
        sent.ident,
        sent.error,
        sent.step[:STEP_CHARACTERS],
        sent.last_lines[-LAST_LINES_CHARACTERS:],
        sent.build_started_at,
        sent.build_finished_at,
    )


def _demand_ident(text: str) -> None:
    try:
        is_valid = is_storable(PackageIdent.parse(text))
    except IdentMalformed:
        is_valid = False
    if not is_valid:
        raise ResultInvalid(f"`ident` must be origin/name/version/release, not {text[:500]!r}")


def _demand_time(field: str, text: str) -> None:
    """Require an empty text or a time with its offset, as jobs show it (builds.md 1.3)."""
    if not text:
        return
    try:
        has_offset = len(text) <= 40 and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        has_offset = False
    if not has_offset:
        raise ResultInvalid(f"`{field}` must be a time such as 2026-05-05T00:42:35.213765+00:00, not {text[:100]!r}")
