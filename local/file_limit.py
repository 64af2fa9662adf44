"""The limit of open files of a process."""

import resource

MAX_OPEN_FILES = 65_536


def raise_file_limit() -> None:
    """Allow as many open files as possible. Each connection is one, and each large body or object a temporary one."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard_limit, MAX_OPEN_FILES), hard_limit))
