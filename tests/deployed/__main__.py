"""`python -m tests.deployed --stage STAGE`: deploy what `make package` has written to ministack, and use it."""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.builders.stack import REPOSITORY
from tests.builders.waiting import until
from tests.deployed import ministack
from tests.deployed.session import RELEASE, Session

ORIGIN = "acme"
TOKEN = re.compile("HAB_AUTH_TOKEN=(_[A-Za-z0-9+/=]+)")
ANSWERS = ["--no-input", "--name", "alice", "--origin", ORIGIN, "--parameter", "GitSources=https://git.example/"]


def main() -> int:
    """Deploy, use the depot, deploy again, and delete it. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.deployed", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stage", default="dev")
    stage = parser.parse_args().stage
    with tempfile.TemporaryDirectory() as folder, ministack.running(Path(folder)) as environment:
        first = deploy(stage, environment)
        found = TOKEN.search(first)
        assert found is not None, first
        with front(stage, environment) as url:
            use(url, found[1], Path(folder))
        again = deploy(stage, environment)
        assert "no changes" in again, again
        assert TOKEN.search(again) is None, "the token is printed once"
    print("deployed, used and deployed again")
    return 0


def deploy(stage: str, environment: Mapping[str, str]) -> str:
    """Run the command of `make deploy`, and return what it prints."""
    command = [sys.executable, "-m", "infra.deploy", "--stage", stage, *ANSWERS]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    print(TOKEN.sub("HAB_AUTH_TOKEN=...", done.stdout), end="", flush=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def front(stage: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve the stack in the place of API Gateway, and yield its URL."""
    port = ministack.free_port()
    command = [sys.executable, "-m", "local.stack_front", "--stack", f"bldr-{stage}", "--port", str(port)]
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment)
    try:
        assert until(lambda: ministack.accepts(port)), "the front does not listen"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def use(url: str, token: str, folder: Path) -> None:
    """Publish, promote, download and build."""
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "hab/1"}
    with httpx.Client(base_url=f"{url}/v1", headers=headers, timeout=200, follow_redirects=True) as client:
        session = Session(client, ORIGIN, folder)
        session.generate_key()
        archive = session.publish("lib")
        session.publish("tool", "lib")
        assert session.latest("lib") == RELEASE
        assert session.download("lib") == archive
        print("published, promoted and downloaded", flush=True)
        assert session.build("lib", "tool") == "Complete"
        print("built a job group of two projects", flush=True)


if __name__ == "__main__":
    sys.exit(main())
