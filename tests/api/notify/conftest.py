"""GitHub with an empty repository, the secret of its webhooks, and a record of the builds that pushes start."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.ext import notices, push_builds, scheduling
from chalicelib.github import app_token, installation
from tests.builders.github import a_github, settings_for
from tests.builders.http_double import HttpDouble, http_double
from tests.builders.settings import change_settings
from tests.builders.webhooks import SECRET

MODULES = (app_token, installation, notices, push_builds)


@pytest.fixture(autouse=True)
def github() -> Iterator[HttpDouble]:
    """The double of GitHub."""
    with http_double() as double:
        yield a_github(double, {})


@pytest.fixture(autouse=True)
def configure(monkeypatch: pytest.MonkeyPatch, github: HttpDouble) -> Callable[..., None]:
    """Change settings besides those of GitHub and of its webhooks."""

    def change(**values: Any) -> None:
        change_settings(monkeypatch, MODULES, **({"github_webhook_secret": SECRET} | settings_for(github) | values))

    change()
    return change


class Started(list[tuple[str, str, int, str]]):
    """The builds that pushes start: root, target, account id and name. Starts the build of an event once."""

    def __init__(self) -> None:
        super().__init__()
        self.events: set[str] = set()

    def schedule(self, root: str, target: str, account_id: int, account_name: str, event: str | None) -> None:
        """Stand for the service (see tests/engine/builds/groups/test_repeats.py)."""
        if event in self.events:
            return
        self.events |= {event} if event is not None else set()
        self.append((root, target, account_id, account_name))


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """The builds that pushes start."""
    builds = Started()
    monkeypatch.setattr(scheduling, "schedule", builds.schedule)
    return builds
