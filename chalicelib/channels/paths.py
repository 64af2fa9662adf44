"""Paths of channels, and who may change them: every refused write is 401 (packages.md 1.1)."""

from typing import Any

from chalicelib.core.roles import Role
from chalicelib.core.token_scope import Scope

CHANNEL = "/depot/channels/{origin}/{channel}"
PACKAGES = CHANNEL + "/pkgs"
RELEASE = PACKAGES + "/{pkg}/{version}/{release}"
WRITE: dict[str, Any] = {"needs": Role.MAINTAINER, "scope": Scope.PROMOTE, "refused": 401}
