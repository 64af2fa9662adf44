"""An account with doubles: objects and secrets in dictionaries, and a double of CloudFormation."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.deploy import first_steps
from infra.deploy.answers import Answers
from infra.deploy.artifacts import Artifact
from infra.deploy.deployment import Deployment, Options
from infra.deploy.questions import Terminal
from tests.infra.deploy.cloudformation import ACCOUNT, REGION, Stacks

Template = dict[str, Any]


class Code:
    """A code bucket in memory."""

    name = "code"

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}
        self.made = False

    def exists(self) -> bool:
        """Return whether it was created."""
        return self.made

    def ensure(self) -> bool:
        """Create it."""
        created, self.made = not self.made, True
        return created

    def upload(self, artifacts: Iterable[Artifact]) -> list[str]:
        """Store what is missing."""
        missing = [each for each in artifacts if each.key not in self.objects]
        self.objects |= {each.key: each.content.decode() for each in missing}
        return [each.key for each in missing]

    def demand(self, key: str) -> None:
        """Fail without the object."""
        assert key in self.objects

    def read_json(self, key: str) -> Any:
        """Return an object."""
        return json.loads(self.objects[key]) if key in self.objects else None

    def write_json(self, key: str, content: Any) -> None:
        """Store an object."""
        self.objects[key] = json.dumps(content)


class Account:
    """An account."""

    id, region = ACCOUNT, REGION

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks

    def stack(self, name: str) -> Any:
        """Return the stack."""
        found = self.stacks.stack
        return dict(found) if found is not None and name in (found["StackName"], found["StackId"]) else None

    def events(self, _stack: str) -> Iterator[Any]:
        """Return the events."""
        return iter(self.stacks.log)

    def change_set(self, name: str) -> Any:
        """Return a change set."""
        return self.stacks.change_sets[name]

    def create_change_set(self, stack: str, name: str, kind: str, **options: Any) -> str:
        """Create a change set."""
        return str(self.stacks.create_change_set(stack, name, kind, **options)["Id"])

    def template_url(self, bucket: str, key: str) -> str:
        """Return a URL."""
        return f"https://{bucket}/{key}"


class Site:
    """The account, the build, and what the command has printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = Code()
        self.stacks = Stacks(self.code.objects)
        self.account: Any = Account(self.stacks)
        self.said: list[str] = []
        self.typed: list[str] = []

    def build(self, **resources: Any) -> None:
        """Write a build with resources."""
        parameters = {
            "LogDays": {"Type": "String", "Default": "180"},
            "CdnPublicKey": {"Type": "String", "Default": ""},
        }
        template = {"Parameters": parameters, "Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}, **resources}}
        (self.folder / "sam.json").write_text(json.dumps(template))
        (self.folder / "deployment.zip").write_bytes(b"code")

    def deploy(self, answers: Answers | None = None, **options: Any) -> None:
        """Run the command."""
        terminal = Terminal(asks=bool(self.typed), read=lambda _: self.typed.pop(0))
        code: Any = self.code
        run = Deployment(self.account, code, terminal, self.said.append)
        run.run(Options("dev", "bldr-dev", self.folder, **options), answers or Answers(name="alice"))

    @property
    def text(self) -> str:
        """All that the command has printed."""
        return "\n".join(self.said)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A new account and a build."""

    def created(code: Code, stack: Any, answers: Answers) -> str | None:
        first = code.read_json(first_steps.marker(stack["StackId"])) is None
        code.write_json(first_steps.marker(stack["StackId"]), {"name": answers.name})
        return "_token" if first else None

    nothing: Callable[..., list[str]] = lambda *_: []  # noqa: E731 - a function that does nothing
    monkeypatch.setattr(first_steps, "fill_secrets", nothing)
    monkeypatch.setattr(first_steps, "create_account", created)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    made = Site(tmp_path)
    made.build()
    return made
