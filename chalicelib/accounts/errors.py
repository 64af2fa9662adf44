"""Refusals of the accounts domain, and the status of each; texts are the contract's (accounts.md 2, 5, 8.2)."""

from chalicelib.core.token_scope import Grant, Scope


class TokenRefused(Exception):
    """A credential was sent and is not valid; it is refused everywhere, also where none is needed (accounts.md 2)."""


class SessionMissing(Exception):
    """Nobody is signed in where somebody must be."""


class RoleMissing(Exception):
    """The account's role in the origin is too low, or it has none. Some routes answer 401 (packages.md 1.1)."""

    def __init__(self, text: str = "", status: int = 403) -> None:
        super().__init__(text)
        self.status = status


class ScopeMissing(Exception):
    """A named token was used for what it was not made for."""

    def __init__(self, needed: Scope | None, grant: Grant) -> None:
        where = f" in origin {grant.origin}" if grant.origin else ""
        what = "cannot do this: only the account itself can" if needed is None else f"lacks the scope {needed}"
        super().__init__(f"The token has the scopes {', '.join(sorted(grant.scopes))}{where} and {what}.")


class AccountMissing(Exception):
    """No account has that name or id."""


class EmailMissing(Exception):
    """A profile change without an e-mail address, or with what is too long to be one."""


class TokenIdInvalid(Exception):
    """The id of an access token in the path is no unsigned 64-bit number."""

    def __init__(self) -> None:
        super().__init__("Error parsing access token.")


class NotOwnToken(Exception):
    """The access token is not the caller's, or is gone."""

    def __init__(self) -> None:
        super().__init__("Unauthorized access.")


class NamedTokenInvalid(Exception):
    """What a named token should be cannot be; the text names the value that is wrong."""


class NamedTokenMissing(Exception):
    """The account has no named token of that id."""


class TooManyTokens(Exception):
    """The account holds as many named tokens as an account may."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"An account holds {limit} tokens at most; revoke one that is no longer used.")


class TooManySignIns(Exception):
    """The address tried to sign in too often within this minute."""


class LicenseInvalid(Exception):
    """The licence key cannot be checked or is none; the text says why."""


class LicenseRefused(Exception):
    """The licence service answered with an error, which is passed on."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class LicenseMissing(Exception):
    """The account has no licence."""


class FunctionalUserUnknown(Exception):
    """Functional-test mode knows five names only; the reference answers 500 to all others (accounts.md 4)."""


class ProviderRefused(Exception):
    """The sign-in provider answered with an error; the text is its answer's body (accounts.md 5)."""


class ProviderFailed(Exception):
    """The sign-in provider did not answer, or not with what is needed to know who somebody is."""


STATUS: dict[type[Exception], int] = {
    TokenRefused: 401,
    SessionMissing: 401,
    RoleMissing: 403,
    ScopeMissing: 403,
    AccountMissing: 404,
    EmailMissing: 400,
    TokenIdInvalid: 422,
    NotOwnToken: 401,
    NamedTokenInvalid: 422,
    NamedTokenMissing: 404,
    TooManyTokens: 409,
    TooManySignIns: 429,
    LicenseInvalid: 400,
    LicenseRefused: 400,
    LicenseMissing: 404,
    FunctionalUserUnknown: 500,
    ProviderRefused: 401,
    ProviderFailed: 401,
}
