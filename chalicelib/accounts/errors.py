"""Refusals of the accounts domain, and the status of each."""


class TokenRefused(Exception):
    """A credential was sent and is not valid; it is refused everywhere, also where none is needed (accounts.md 2)."""


class SessionMissing(Exception):
    """Nobody is signed in where somebody must be."""


class RoleMissing(Exception):
    """The account's role in the origin is too low, or it has none. Some routes answer 401 (packages.md 1.1)."""

    def __init__(self, text: str = "", status: int = 403) -> None:
        super().__init__(text)
        self.status = status


class AccountMissing(Exception):
    """No account has that name or id."""


class AccountTaken(Exception):
    """Another request made the account at the same moment."""


STATUS: dict[type[Exception], int] = {
    TokenRefused: 401,
    SessionMissing: 401,
    RoleMissing: 403,
    AccountMissing: 404,
    AccountTaken: 409,
}
