"""Shapes of profiles over HTTP (accounts.md 8.2)."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.identity.rows import AccountRow


class Profile(Struct):
    """An account as its owner sees it. `updated_at` equals `created_at`."""

    id: str
    email: str
    name: str
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, row: AccountRow) -> Profile:
        """Return the profile in a row."""
        return cls(str(row.id), row.email, row.name, row.created_at, updated_at=row.created_at)


class ProfileChange(Struct):
    """A change of a profile. Only the e-mail address can be changed; it must not be empty."""

    email: str = ""
