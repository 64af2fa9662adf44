"""Questions before the first creation, and the secrets that a deployment fills in."""

from pathlib import Path
from typing import Any

import pytest

from infra import builder_key, first_account
from infra.deploy import first_steps
from infra.deploy.answers import Answers
from infra.deploy.questions import Terminal, ask_account, ask_parameters

SILENT = Terminal(asks=False)


class Typed:
    """A terminal on which answers are typed. Remembers the questions."""

    def __init__(self, *answers: str, secret: str = "") -> None:
        self.questions: list[str] = []
        self._answers = list(answers)
        self.terminal = Terminal(asks=True, read=self._read, read_hidden=lambda _: secret)

    def _read(self, question: str) -> str:
        self.questions.append(question)
        return self._answers.pop(0)


def test_only_what_is_not_decided_is_asked() -> None:
    typed = Typed("acme")

    answers = ask_account(Answers(name="alice", email=""), typed.terminal)

    assert (answers.name, answers.email, answers.origin) == ("alice", "", "acme")
    assert len(typed.questions) == 1


def test_empty_answers_leave_the_defaults_of_the_template() -> None:
    answers = ask_parameters(Answers(), Typed("", "", "n").terminal)

    assert (answers.parameters, answers.cdn) == ({}, False)


def test_sign_in_asks_for_its_provider() -> None:
    answers = ask_parameters(Answers(cdn=True), Typed("Iv1", "gitlab", "https://ui/", "").terminal)

    assert answers.parameters == {"OAuthClientId": "Iv1", "OAuthProvider": "gitlab", "OAuthRedirectUrl": "https://ui/"}


def test_nothing_is_asked_without_a_terminal() -> None:
    assert ask_account(Answers(), SILENT) == Answers()
    assert ask_parameters(Answers(), SILENT) == Answers(cdn=False)


class Account:
    """An account with one secret."""

    def __init__(self, value: str | None) -> None:
        self.value = value
        self.secrets = self

    def secret_value(self, _secret: str) -> str | None:
        """Return the value."""
        return self.value

    def put_secret_value(self, **options: str) -> None:
        """Store a value."""
        self.value = options["SecretString"]


STACK = {"StackName": "bldr-dev", "Outputs": [{"OutputKey": "BuilderKeySecret", "OutputValue": "key"}]}
SIGN_IN: dict[str, Any] = {
    **STACK,
    "Outputs": [*STACK["Outputs"], {"OutputKey": "OAuthClientSecretSecret", "OutputValue": "oauth"}],
}


@pytest.fixture(autouse=True)
def _builder_key_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_account, "use_stack", lambda _: None)
    monkeypatch.setattr(builder_key, "ensure_builder_key", lambda _: False)


def fill(account: Any, terminal: Terminal = SILENT, file: Path | None = None) -> list[str]:
    return first_steps.fill_secrets(account, SIGN_IN, terminal, file)


def test_the_client_secret_is_typed_once() -> None:
    account = Account(None)

    assert fill(account, Typed(secret="hush").terminal) == ["stored the client secret in oauth"]
    assert account.value == "hush"
    assert fill(account, Typed(secret="other").terminal) == []
    assert account.value == "hush"


def test_the_client_secret_of_a_file_replaces_an_earlier_one(tmp_path: Path) -> None:
    account, file = Account("old"), tmp_path / "secret"
    file.write_text("new\n")

    assert fill(account, file=file) == ["stored the client secret in oauth"]
    assert account.value == "new"
    assert fill(account, file=file) == []


def test_a_missing_client_secret_is_named() -> None:
    assert "users cannot sign in before oauth has a value" in fill(Account(None))[0]


def test_the_url_of_the_depot_has_no_version() -> None:
    outputs = [{"OutputKey": "ApiUrl", "OutputValue": "https://depot.example/v1/"}]

    assert first_steps.url_of({"Outputs": outputs}) == "https://depot.example"
