"""`python -m gateway`: run the upload gateway until SIGTERM or Ctrl-C."""

import logging
import sys

import uvicorn

from gateway.app import Gateway
from gateway.config import ConfigInvalid, read_config


def main() -> int:
    """Serve requests and return the exit status: 0 after a shutdown, 2 if an environment variable is invalid."""
    try:
        config = read_config()
    except ConfigInvalid as problem:
        print(problem, file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # httpx logs URLs, and presigned URLs are credentials
    uvicorn.run(
        Gateway(config),
        host=config.listen,
        port=config.port,
        http="httptools",
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


if __name__ == "__main__":
    sys.exit(main())
