"""Refusals of the origins domain, and the status of each; texts are the contract's (accounts.md 8.4-8.9)."""


class OriginTaken(Exception):
    """The name belongs to an origin."""


class OriginNameInvalid(Exception):
    """Not a name that an origin may have."""


class CreationNotAllowed(Exception):
    """Only listed accounts may create origins here (accounts.md section 10)."""


class OriginNotEmpty(Exception):
    """The origin still holds something that must go first; the text says what."""


class KeyMissing(Exception):
    """The origin has no such key."""


class KeyTaken(Exception):
    """A key of that full name exists."""


class KeyInvalid(Exception):
    """The body is no key of the kind asked for."""


class KeyUploadForbidden(Exception):
    """Members may find out that a signing key is there already, but only administrators upload a new one."""

    def __init__(self, origin: str, revision: str) -> None:
        super().__init__(f"You do not have permissions to upload a new origin signing public key: {origin}-{revision}")


class RoleInvalid(Exception):
    """The role asked for is none of the five."""

    def __init__(self, role: str) -> None:
        super().__init__(f"Invalid member role '{role}'")


class NotOwner(Exception):
    """Only the account that owns the origin may do this; whoever asks about an unknown origin is not its owner."""


class ChangeForbidden(Exception):
    """A role that nobody may give, or a member whom this cannot be done to."""


class MemberMissing(Exception):
    """The account does not belong to the origin."""


class OwnerStays(Exception):
    """An owner cannot be removed. The text's spelling is the contract's."""

    def __init__(self) -> None:
        super().__init__("Removing the owner is not allowd")


class OwnerCannotDepart(Exception):
    """An owner transfers the origin first."""

    def __init__(self) -> None:
        super().__init__("Departing the owner from the origin is not allowed")


class NothingToDepartFrom(Exception):
    """The account does not belong to the origin, or there is no such origin."""

    def __init__(self, origin: str) -> None:
        super().__init__(f"Do not have access to the origin '{origin}'")


class TransferToSelf(Exception):
    """The owner owns the origin already."""

    def __init__(self) -> None:
        super().__init__("Cannot transfer origin ownership to self")


class AlreadyInvited(Exception):
    """The account has an invitation to the origin, pending or ignored."""


class InvitationIdInvalid(Exception):
    """The id in the path is no unsigned 64-bit number."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Invalid invitation id '{text}'")


class InvitationNotYours(Exception):
    """Neither the invited account nor a maintainer of the origin."""


class SecretInvalid(Exception):
    """The payload of a secret cannot be taken; the text says why."""


class SecretTooLarge(Exception):
    """The sealed value is larger than a row of the table."""


class IntegrationTaken(Exception):
    """The origin has an integration of that type and name."""


class IntegrationMissing(Exception):
    """The origin has no integration of that type and name."""


class IntegrationUnreadable(Exception):
    """What is stored for the integration is no JSON object, so its password could not be told from the rest."""


STATUS: dict[type[Exception], int] = {
    OriginTaken: 409,
    OriginNameInvalid: 417,
    CreationNotAllowed: 403,
    OriginNotEmpty: 409,
    KeyMissing: 404,
    KeyTaken: 409,
    KeyInvalid: 422,
    KeyUploadForbidden: 403,
    RoleInvalid: 422,
    NotOwner: 403,
    ChangeForbidden: 403,
    MemberMissing: 404,
    OwnerStays: 422,
    OwnerCannotDepart: 403,
    NothingToDepartFrom: 422,
    TransferToSelf: 422,
    AlreadyInvited: 409,
    InvitationIdInvalid: 422,
    InvitationNotYours: 403,
    SecretInvalid: 422,
    SecretTooLarge: 413,
    IntegrationTaken: 409,
    IntegrationMissing: 404,
    IntegrationUnreadable: 500,
}
