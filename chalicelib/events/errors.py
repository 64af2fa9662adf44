"""Errors of events, and their statuses."""

from chalicelib.core.explained import Explained


class SaasUnreachable(Explained):
    """The public depot did not answer (platform.md 2.4)."""


STATUS: dict[type[Exception], int] = {SaasUnreachable: 500}
