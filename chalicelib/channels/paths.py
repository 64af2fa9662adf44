"""Common parts of the declarations of channel routes: paths, and the permissions of writes."""

from typing import Any

from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope

CHANNEL = "/depot/channels/{origin}/{channel}"
PACKAGES = CHANNEL + "/pkgs"
RELEASE = PACKAGES + "/{pkg}/{version}/{release}"

WRITE: dict[str, Any] = {"needs": Role.MAINTAINER, "scope": Scope.PROMOTE, "refused": 401}
"""A missing role is 401 here, not 403 (packages.md 1.1)."""
