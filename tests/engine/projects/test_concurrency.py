"""Concurrent changes of the projects of a name (builds.md 2.1, 2.5, 2.8)."""

import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from chalicelib.catalog.origin_rows import origin_count_key
from chalicelib.catalog.project_rows import ProjectRow, projects_partition
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.identity.registration import find_or_create
from chalicelib.origins import service as origins
from chalicelib.origins.integrations import service as origin_integrations
from chalicelib.platform.table import count, read
from chalicelib.projects import service as projects
from chalicelib.projects.errors import ProjectExists, ProjectIntegrationMissing, ProjectMissing
from chalicelib.projects.integrations import service as integrations
from chalicelib.projects.integrations.rows import (
    SETTING,
    ProjectIntegrationRow,
    list_key,
    settings_partition,
)
from chalicelib.projects.sources import Location
from tests.builders.histories import Histories
from tests.builders.names import a_name

SEEDS = 40
LINUX, WINDOWS = Target.X86_64_LINUX, Target.X86_64_WINDOWS
NAME = "testapp"


class Scene:
    """An origin with an integration and the projects of a name for two targets."""

    def __init__(self) -> None:
        name = a_name("user")
        self.owner = Session(find_or_create(name, ""), name, SessionFlags(0))
        self.origin = a_name("origin")
        origins.create(self.origin, Visibility.PUBLIC, self.owner)
        for integration in ("hub", "main"):
            origin_integrations.put(self.origin, "docker", integration, b"{}", self.owner)
        for target in (LINUX, WINDOWS):
            self.create(target)

    def create(self, target: Target) -> None:
        with suppress(ProjectExists):
            projects.create(self.origin, NAME, projects.ProjectRequest(Location("plan.sh"), target, False), self.owner)

    def change(self, target: Target) -> None:
        with suppress(ProjectMissing):
            projects.change(self.origin, NAME, projects.ProjectRequest(Location("new"), target, True), self.owner)

    def delete(self, target: Target) -> None:
        projects.delete(self.origin, NAME, target, self.owner)

    def put(self, integration: str) -> None:
        with suppress(ProjectIntegrationMissing):
            integrations.put(self.origin, NAME, integration, b"{}", self.owner)

    def remove(self, integration: str) -> None:
        integrations.remove(self.origin, NAME, integration, self.owner)

    def demand_consistency(self) -> tuple[int, int]:
        """Compare counts and rows. Return the numbers of projects and of project integrations."""
        counts = read(origin_count_key(self.origin))
        assert counts is not None
        number = count(ProjectRow, projects_partition(self.origin))
        assert int(counts.projects) == number
        of_integrations = count(ProjectIntegrationRow, settings_partition(self.origin, NAME), begins=SETTING)
        listed = read(list_key(self.origin, NAME))
        assert (0 if listed is None else int(listed.number)) == of_integrations
        assert number or not of_integrations, "settings without a project"
        return number, of_integrations


Acts = Callable[[Scene], list[Callable[[], None]]]

RACES: dict[str, Acts] = {
    "both deletions": lambda s: [partial(s.delete, LINUX), partial(s.delete, WINDOWS)],
    "the same deletion": lambda s: [partial(s.delete, LINUX), partial(s.delete, LINUX), partial(s.put, "hub")],
    "deletions and settings": lambda s: [
        partial(s.delete, LINUX),
        partial(s.delete, WINDOWS),
        partial(s.put, "hub"),
        partial(s.put, "main"),
        partial(s.remove, "hub"),
    ],
    "deletions and creations": lambda s: [
        partial(s.delete, LINUX),
        partial(s.delete, WINDOWS),
        partial(s.create, LINUX),
        partial(s.put, "main"),
    ],
    "changes and deletions": lambda s: [
        partial(s.change, LINUX),
        partial(s.change, WINDOWS),
        partial(s.delete, LINUX),
        partial(s.create, LINUX),
    ],
    "the same settings": lambda s: [partial(s.put, "hub"), partial(s.put, "hub"), partial(s.remove, "hub")],
}


@pytest.mark.parametrize("race", RACES)
def test_counts_and_rows_agree_after_concurrent_changes(engine_histories: Histories, race: str) -> None:
    for seed in range(SEEDS):
        scene = Scene()
        if seed % 2:
            scene.put("hub")

        engine_histories.run(random.Random(seed), RACES[race](scene), after_each_call=lambda: None)

        projects_left, _ = scene.demand_consistency()
        if race == "both deletions":
            assert projects_left == 0
