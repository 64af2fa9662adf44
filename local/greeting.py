"""What the supervisor prints when the service is ready: how to use it, and where its state is."""

from collections.abc import Mapping

from local.endpoints import named
from local.settings import ENDPOINT


def greeting(url: str, token: str, environment: Mapping[str, str], *, embedded: bool) -> str:
    """Return the text. `embedded`: an embedded engine serves the services whose engine is not named."""
    engines = ", ".join(named(environment) if embedded else [ENDPOINT, *named(environment)])
    state = "Everything is stored in memory and is lost when this process ends."
    if engines:
        state = f"State is stored in the engines of {engines}."
    if engines and embedded:
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
"""
