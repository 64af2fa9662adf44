"""The first user of a fresh local stack, with a personal access token; found again when the engine has them already."""

from chalicelib.accounts.access_tokens import service
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.identity.registration import find_or_create
from chalicelib.platform.config import Config

USER, EMAIL = "demo", "demo@example.com"


def first_user_token(settings: Config) -> str:
    """The user's token, loudly without protection in functional-test mode."""
    account_id = find_or_create(USER, EMAIL)
    known = service.access_token_of(account_id)
    if settings.functional_test:
        print("bldr: WARNING: HAB_FUNC_TEST is set, five test users may sign in with their name alone", flush=True)
    if known is not None:
        return known.text
    return service.generate_access_token(Session(account_id, USER, SessionFlags(0))).text
