"""What `make run` prints."""

import pytest

from local.greeting import greeting

URL = "http://localhost:1"


@pytest.mark.parametrize("builds", [True, False])
def test_the_greeting_says_how_to_build_if_there_is_a_worker(builds: bool) -> None:
    text = greeting(URL, "token", {}, embedded=True, builds=builds)

    assert ("bldr jobs start demo/tool --watch" in text) is builds
    assert (f"{URL}/v1/projects" in text) is builds
    assert ('"auto_build":true' in text) is builds, "dependents of the package are built with it"
    assert f"export HAB_BLDR_URL={URL} HAB_AUTH_TOKEN=token" in text
