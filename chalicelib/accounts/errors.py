"""Refusals of the accounts domain, and the status of each; texts are the contract's (accounts.md 2, 5, 8.2)."""


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
