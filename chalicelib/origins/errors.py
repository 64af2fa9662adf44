"""Errors of the origins domain and their statuses; the texts are the contract's (accounts.md 8.4-8.9)."""

from chalicelib.core.explained import Explained


class OriginTaken(Exception):
    """An origin with that name already exists."""


class OriginNameInvalid(Exception):
    """The name is not a valid origin name."""


class CreationNotAllowed(Exception):
    """The account is not on the list of accounts that may create origins (accounts.md section 10)."""


class OriginNotEmpty(Explained):
    """The origin cannot be deleted yet; the text names what must be removed first."""


class KeyMissing(Exception):
    """The origin does not have that key."""


class KeyTaken(Exception):
    """A key with that full name already exists."""


class KeyInvalid(Explained):
    """The body is not a key of the expected kind."""


class KeyUploadForbidden(Explained):
    """Only administrators may upload a new public signing key."""

    def __init__(self, origin: str, revision: str) -> None:
        super().__init__(f"You do not have permissions to upload a new origin signing public key: {origin}-{revision}")


class RoleInvalid(Explained):
    """The requested role is not one of the five roles."""

    def __init__(self, role: str) -> None:
        super().__init__(f"Invalid member role '{role}'")


class NotOwner(Exception):
    """The caller does not own the origin, or the origin does not exist."""


class ChangeForbidden(Exception):
    """The role `owner` cannot be assigned; the caller's own role and the owner's cannot be changed."""


class MemberMissing(Exception):
    """The account is not a member of the origin."""


class OwnerStays(Explained):
    """The owner cannot be removed.

    The text's spelling is the contract's.
    """

    def __init__(self) -> None:
        super().__init__("Removing the owner is not allowd")


class OwnerCannotDepart(Explained):
    """The owner must transfer the origin before leaving it."""

    def __init__(self) -> None:
        super().__init__("Departing the owner from the origin is not allowed")


class NothingToDepartFrom(Explained):
    """The account is not a member of the origin, or the origin does not exist."""

    def __init__(self, origin: str) -> None:
        super().__init__(f"Do not have access to the origin '{origin}'")


class TransferToSelf(Explained):
    """The recipient of a transfer is the owner already."""

    def __init__(self) -> None:
        super().__init__("Cannot transfer origin ownership to self")


class RecipientNotMember(Exception):
    """The recipient of a transfer is not a member of the origin."""


class AlreadyInvited(Exception):
    """The account has an invitation to the origin, pending or ignored."""


class InvitationIdInvalid(Explained):
    """The id in the path is not an unsigned 64-bit number."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Invalid invitation id '{text}'")


class InvitationNotYours(Exception):
    """The caller is neither the invited account nor a maintainer of the origin."""


class SecretInvalid(Explained):
    """The secret cannot be stored; the text says why."""


class SecretTooLarge(Exception):
    """The sealed value does not fit into a row of the table."""


class IntegrationTaken(Exception):
    """The origin already has an integration with that type and name."""


class IntegrationNameInvalid(Explained):
    """The type or the name of a new integration has characters that names must not have."""

    def __init__(self) -> None:
        super().__init__("An integration's type and name must not be `.` or `..` or have invisible characters")


class IntegrationBodyInvalid(Explained):
    """The body of a new integration has a number that JSON readers turn into infinity."""

    def __init__(self) -> None:
        super().__init__("A number in the body is out of range")


class IntegrationMissing(Exception):
    """The origin does not have an integration with that type and name."""


class IntegrationUnreadable(Exception):
    """The stored body is not a JSON object, so its password cannot be left out."""


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
    RecipientNotMember: 403,
    AlreadyInvited: 409,
    InvitationIdInvalid: 422,
    InvitationNotYours: 403,
    SecretInvalid: 422,
    SecretTooLarge: 413,
    IntegrationTaken: 409,
    IntegrationNameInvalid: 422,
    IntegrationBodyInvalid: 400,
    IntegrationMissing: 404,
    IntegrationUnreadable: 500,
}
