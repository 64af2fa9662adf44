"""The routes of accounts; each resource declares its own."""

from chalicelib.accounts.access_tokens.routes import routes as access_tokens
from chalicelib.accounts.errors import STATUS
from chalicelib.accounts.licenses.routes import routes as licenses
from chalicelib.accounts.named_tokens.routes import routes as named_tokens
from chalicelib.accounts.profile.routes import routes as profile
from chalicelib.accounts.sign_in.routes import routes as sign_in
from chalicelib.http.routes import Routes

routes = Routes("accounts", STATUS)
routes.include(sign_in, profile, access_tokens, named_tokens, licenses)
