"""The one table from domain errors to statuses; a body is the error's own text, mostly none (platform.md 1.3)."""

from chalicelib.accounts import errors as accounts
from chalicelib.care import errors as care
from chalicelib.channels import errors as channels
from chalicelib.core.target import TargetUnknown
from chalicelib.events import errors as events
from chalicelib.ext import errors as ext
from chalicelib.http.answer import Answer, empty, text
from chalicelib.http.call import BodyMalformed, BodyTooLarge, QueryMalformed
from chalicelib.origins import errors as origins
from chalicelib.packages import errors as packages
from chalicelib.platform import observe
from chalicelib.platform.aws import SecretUnavailable
from chalicelib.platform.background import NotStarted
from chalicelib.platform.table import KeyTooLong, StoreUnavailable
from chalicelib.uploads import errors as uploads

STATUS: dict[type[Exception], int] = {
    QueryMalformed: 400,
    BodyMalformed: 400,
    BodyTooLarge: 413,
    KeyTooLong: 422,
    TargetUnknown: 422,
    StoreUnavailable: 503,
    NotStarted: 503,
    SecretUnavailable: 503,
    **accounts.STATUS,
    **origins.STATUS,
    **packages.STATUS,
    **channels.STATUS,
    **events.STATUS,
    **uploads.STATUS,
    **ext.STATUS,
    **care.STATUS,
}
RETRY_AFTER = {"Retry-After": "1"}


def answer_to(problem: Exception) -> Answer:
    """The answer to an error: its row in the table, or an empty 500 and a log entry for what nobody foresaw."""
    status = next((STATUS[kind] for kind in type(problem).__mro__ if kind in STATUS), None)
    if status is None:
        observe.unexpected(problem)
        return empty(500)
    status = getattr(problem, "status", status)
    if status == 503:
        observe.unexpected(problem)
        return Answer(503, headers=RETRY_AFTER)
    said = str(problem)
    return text(status, said) if said else empty(status)
