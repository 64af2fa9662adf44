"""The account at GitHub for which a session reads private repositories (platform.md 2.1)."""

from chalicelib.core.session import Session
from chalicelib.platform.config import config


def reader_of(session: Session) -> str | None:
    """Return the account at GitHub for which a session reads, or None if its access is not checked.

    Accounts have the names that they have at GitHub if that is the identity provider; otherwise nothing is known. The
    build service reads for no account.
    """
    is_checked = config.github_check_access and config.oauth_provider == "github" and not config.functional_test
    return session.name if is_checked and not session.is_builder else None
