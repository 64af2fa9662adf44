"""`python -m gateway`: run the upload gateway until SIGTERM or Ctrl-C."""

import logging
import resource
import sys
from functools import partial
from typing import Any, cast

import uvicorn

from gateway.app import Gateway
from gateway.config import ConfigInvalid, read_config
from gateway.connection import Connection

MAX_CONNECTIONS = 2048
MAX_OPEN_FILES = 3 * MAX_CONNECTIONS  # a connection to the client, one to the API or the store, and a temporary file


def main() -> int:
    """Serve requests and return the exit status: 0 after a shutdown, 2 if an environment variable is invalid."""
    try:
        config = read_config()
    except ConfigInvalid as problem:
        print(problem, file=sys.stderr)
        return 2
    _raise_file_limit()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # httpx logs URLs, and presigned URLs are credentials
    uvicorn.run(
        Gateway(config),
        host=config.listen,
        port=config.port,
        http=cast("Any", partial(Connection, limits=config)),
        limit_concurrency=MAX_CONNECTIONS,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=310,  # lets running uploads finish
    )
    return 0


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, MAX_OPEN_FILES)), hard))


if __name__ == "__main__":
    sys.exit(main())
