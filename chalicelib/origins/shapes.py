"""Shapes of origins over HTTP (accounts.md 8.4)."""

from msgspec import Struct

from chalicelib.core.visibility import Visibility


class OriginChange(Struct):
    """The visibility of packages whose name is new in the origin: `public` if absent or null."""

    default_package_visibility: Visibility | None = None

    @property
    def visibility(self) -> Visibility:
        """The visibility to set."""
        return self.default_package_visibility or Visibility.PUBLIC


class NewOrigin(OriginChange, kw_only=True):
    """An origin to create."""

    name: str


class CreatedOrigin(Struct):
    """A new origin. It has no id (accounts.md 8.4)."""

    owner_id: str
    name: str
    created_at: str
    updated_at: str
    default_package_visibility: str


class Origin(Struct):
    """An origin. `private_key_name` is the full name of the newest secret signing key, or empty without a key."""

    owner_id: str
    name: str
    private_key_name: str
    default_package_visibility: str
    owner_account: str
