"""Errors of events, and their statuses."""


class SaasUnreachable(Exception):
    """The public depot did not answer (platform.md 2.4)."""


STATUS: dict[type[Exception], int] = {SaasUnreachable: 500}
