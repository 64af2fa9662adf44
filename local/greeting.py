"""What the supervisor prints when the service is ready: how to use it, and where its state is."""

import shlex
import sys
from collections.abc import Mapping

from local.endpoints import named
from local.settings import ENDPOINT


def greeting(
    url: str,
    token: str,
    environment: Mapping[str, str],
    *,
    embedded: bool,
    stored: str | None = None,
    builds: bool = False,
) -> str:
    """Return the text. `embedded`: an embedded engine serves the services whose engine is not named.

    `stored`: where the state is, if it is in a folder. `builds`: there is a worker, and repositories of this machine
    may be built.
    """
    engines = ", ".join(named(environment) if embedded else [ENDPOINT, *named(environment)])
    state = "Everything is stored in memory and is lost when this process ends."
    if engines:
        state = f"State is stored in the engines of {engines}."
    if stored is not None:
        state = stored
    elif engines and embedded:
        state += " Everything else is stored in memory and is lost when this process ends."
    return f"""
Habitat Builder listens on {url}
{state} Press Ctrl-C to stop it.

  export HAB_BLDR_URL={url} HAB_AUTH_TOKEN={token}

Try:
  curl -i {url}/v1/status
  curl -i -H "Authorization: Bearer $HAB_AUTH_TOKEN" -H "Content-Type: application/json" \\
       -d '{{"name":"demo"}}' {url}/v1/depot/origins        # or: hab origin create demo
  hab origin key generate demo && hab pkg upload results/demo-*.hart
{_builds(url) if builds else ""}"""


def _builds(url: str) -> str:
    """Return how to connect a plan of this machine and build it."""
    return f"""
Build a plan of a git repository on this machine, in the origin demo (`make demo` shows more):
  curl -X POST -H "Authorization: Bearer $HAB_AUTH_TOKEN" {url}/v1/depot/origins/demo/keys      # once: a signing key
  curl -H "Authorization: Bearer $HAB_AUTH_TOKEN" -H "Content-Type: application/json" {url}/v1/projects \\
       -d '{{"origin":"demo","name":"tool","plan_path":"plan.sh","clone_url":"file:///path/to/repository","auto_build":true}}'
  {shlex.quote(sys.executable)} -m bldr jobs start demo/tool --watch
"""
