"""`python -m gateway`: serves until told to stop."""

import logging
import sys

import uvicorn

from gateway.app import Gateway
from gateway.settings import SettingInvalid, read_settings


def main() -> int:
    """Serve; 2 when a setting cannot be used."""
    try:
        settings = read_settings()
    except SettingInvalid as problem:
        print(problem, file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs URLs, which here are credentials
    uvicorn.run(
        Gateway(settings),
        host=settings.listen,
        port=settings.port,
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=310,  # uploads under way are finished
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
