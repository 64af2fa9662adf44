"""Refusals of the origins domain, and the status of each; texts are the contract's (accounts.md 8.4-8.9)."""


class OriginMissing(Exception):
    """No origin has that name."""


class OriginTaken(Exception):
    """The name belongs to an origin."""


class OriginNameInvalid(Exception):
    """Not a name that an origin may have."""


class CreationNotAllowed(Exception):
    """Only listed accounts may create origins here (accounts.md section 10)."""


class KeyMissing(Exception):
    """The origin has no such key."""


class KeyTaken(Exception):
    """A key of that full name exists."""


class KeyInvalid(Exception):
    """The body is no key of the kind asked for."""


STATUS: dict[type[Exception], int] = {
    OriginMissing: 404,
    OriginTaken: 409,
    OriginNameInvalid: 417,
    CreationNotAllowed: 403,
    KeyMissing: 404,
    KeyTaken: 409,
    KeyInvalid: 422,
}
