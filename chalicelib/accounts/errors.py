"""Refusals of the accounts domain, and the status of each. The texts are the contract's (accounts.md 2, 5, 8.2)."""

from chalicelib.core.explained import Explained
from chalicelib.core.service_failed import ServiceFailed
from chalicelib.http.errors import PassedOn


class AccountMissing(Exception):
    """The account does not exist."""


class EmailMissing(Exception):
    """The e-mail address is missing or too long, or has control characters."""


class TokenIdInvalid(Explained):
    """The id of the access token is not an unsigned 64-bit number."""

    def __init__(self) -> None:
        super().__init__("Error parsing access token.")


class NotOwnToken(Explained):
    """The access token does not exist or belongs to another account."""

    def __init__(self) -> None:
        super().__init__("Unauthorized access.")


class NamedTokenInvalid(Explained):
    """A value of the new token is not allowed. The text names it."""


class NamedTokenMissing(Exception):
    """The account has no named token with this id."""


class TooManyTokens(Explained):
    """The account already has the maximum number of named tokens."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"An account holds {limit} tokens at most; revoke one that is no longer used.")


class TooManySignIns(Exception):
    """Too many sign-ins from this address within a minute."""


class LicenseInvalid(Explained):
    """The licence key is invalid or cannot be checked. The text says why."""


class LicenseServiceFailed(LicenseInvalid, ServiceFailed):
    """The licence service did not answer, or gave an answer that cannot be read."""


class LicenseRefused(PassedOn):
    """The licence service refused the key. The client gets its status and text."""


class LicenseMissing(Exception):
    """The account has no licence."""


class FunctionalUserUnknown(Exception):
    """Functional-test mode is on, and the code is not the name of a test user (accounts.md 4)."""


class ProviderRefused(ServiceFailed):
    """The sign-in provider refused. The text is the provider's (accounts.md 5)."""


class ProviderFailed(ServiceFailed):
    """The sign-in provider did not answer, or its answer does not identify the user."""


STATUS: dict[type[Exception], int] = {
    AccountMissing: 404,
    EmailMissing: 400,
    TokenIdInvalid: 422,
    NotOwnToken: 401,
    NamedTokenInvalid: 422,
    NamedTokenMissing: 404,
    TooManyTokens: 409,
    TooManySignIns: 429,
    LicenseInvalid: 400,
    LicenseMissing: 404,
    FunctionalUserUnknown: 500,
    ProviderRefused: 401,
    ProviderFailed: 401,
}
