"""Questions about what the operator has not decided yet. They are asked before the first creation only."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from getpass import getpass

from infra.deploy.answers import Answers


@dataclass(frozen=True)
class Terminal:
    """How to ask, or not to ask. Answers to questions about secrets are not shown."""

    asks: bool
    read: Callable[[str], str] = input
    read_hidden: Callable[[str], str] = getpass

    @classmethod
    def of_process(cls, *, may_ask: bool) -> "Terminal":
        """Return the terminal of the process. Without one, nothing is asked."""
        return cls(asks=may_ask and sys.stdin.isatty())

    def ask(self, question: str, default: str = "") -> str:
        """Return an answer, or the default if the answer is empty or nothing is asked."""
        if not self.asks:
            return default
        return self.read(f"{question}{f' [{default}]' if default else ''}: ").strip() or default

    def agrees(self, question: str, *, unasked: bool) -> bool:
        """Return whether the operator says yes. `unasked` is the answer where nothing is asked."""
        if not self.asks:
            return unasked
        return self.read(f"{question} [y/N]: ").strip().lower() in ("y", "yes")

    def secret(self, question: str) -> str:
        """Return an answer that is not shown; empty if nothing is asked."""
        return self.read_hidden(f"{question}: ").strip() if self.asks else ""


def ask_account(given: Answers, terminal: Terminal) -> Answers:
    """Ask for the first account and its origin."""
    name = given.name or terminal.ask("Name of the first account, as at the identity provider (empty: later)")
    if not name:
        return given
    email = given.email if given.email is not None else terminal.ask(f"E-mail address of {name} (may be empty)")
    origin = given.origin or terminal.ask(f"Origin that {name} owns", name)
    return Answers(name=name, email=email, origin=origin).over(given)


def ask_parameters(given: Answers, terminal: Terminal) -> Answers:
    """Ask for sign-in, downloads and workers of a new stack. Empty answers leave the defaults of the template."""
    chosen: dict[str, str] = {}

    def ask(parameter: str, question: str) -> None:
        if parameter not in given.parameters:
            answer = terminal.ask(question)
            chosen.update({parameter: answer} if answer else {})

    ask("OAuthClientId", "Client id at the identity provider (empty: users cannot sign in yet)")
    if "OAuthClientId" in chosen:
        ask("OAuthProvider", "Identity provider: github, gitlab, bitbucket, okta, azure-ad, … (empty: github)")
        ask("OAuthRedirectUrl", "URL of the web UI, to which the provider returns (may be empty)")
    ask("WorkerImage", "Image of workers on CodeBuild (empty: only your own workers build)")
    cdn = given.cdn
    if cdn is None and "CdnPublicKey" not in given.parameters:
        cdn = terminal.agrees("Serve archives above 4 MiB from CloudFront, which hab needs?", unasked=False)
    return Answers(parameters=chosen, cdn=cdn).over(given)
