"""The first user of a local stack and its personal access token. Both are reused if the engine already has them."""

from chalicelib.accounts.access_tokens import service
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.identity.registration import find_or_create
from chalicelib.platform.config import Config

USER, EMAIL = "demo", "demo@example.com"


def first_user_token(settings: Config) -> str:
    """Return the user's access token. Prints a warning in functional-test mode."""
    account_id = find_or_create(USER, EMAIL)
    existing = service.access_token_of(account_id)
    if settings.functional_test:
        print("bldr: WARNING: HAB_FUNC_TEST is set, so five test users can sign in with only their name", flush=True)
    if existing is not None:
        return existing.text
    return service.generate_access_token(Session(account_id, USER, SessionFlags(0))).text
