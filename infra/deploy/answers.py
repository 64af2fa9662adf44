"""What the operator has decided: options, then the file deploy/STAGE.toml, then questions. None of it is secret."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.deploy.problems import NotPossible

EXAMPLE = """[parameters]            # of the stack, see docs/CONFIGURATION.md
OAuthClientId = "Iv1.0123"

[first_account]
name = "alice"
email = "alice@example.com"
origin = "acme"

[downloads]
cdn = true"""
SECTIONS = {"parameters": None, "first_account": ("name", "email", "origin"), "downloads": ("cdn",)}


@dataclass(frozen=True)
class Answers:
    """Decisions. None or absence: not decided."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    email: str | None = None
    origin: str | None = None
    cdn: bool | None = None
    client_secret_file: Path | None = None

    def over(self, other: "Answers") -> "Answers":
        """Return these decisions, completed by others."""
        return replace(
            self,
            parameters={**other.parameters, **self.parameters},
            name=self.name if self.name is not None else other.name,
            email=self.email if self.email is not None else other.email,
            origin=self.origin if self.origin is not None else other.origin,
            cdn=self.cdn if self.cdn is not None else other.cdn,
        )


def read_answers(path: Path, *, needed: bool) -> Answers:
    """Return the decisions in a file. A missing file decides nothing, unless it is needed. Raises NotPossible."""
    if not needed and not path.exists():
        return Answers()
    try:
        content = tomllib.loads(path.read_text())
    except OSError as problem:
        raise NotPossible(f"{path} cannot be read: {problem.strerror}") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise NotPossible(f"{path} is not TOML: {problem}") from problem
    _demand_known(path, content)
    account, cdn = content.get("first_account", {}), content.get("downloads", {}).get("cdn")
    if cdn is not None and not isinstance(cdn, bool):
        raise NotPossible(f"{path}: `cdn` must be true or false")
    parameters = {name: _text(value) for name, value in content.get("parameters", {}).items()}
    return Answers(parameters, account.get("name"), account.get("email"), account.get("origin"), cdn)


def _demand_known(path: Path, content: Mapping[str, Any]) -> None:
    for section, entries in content.items():
        if section not in SECTIONS or not isinstance(entries, dict):
            raise NotPossible(f"{path} has an unknown section {section!r}; there are {', '.join(SECTIONS)}")
        known = SECTIONS[section]
        unknown = [] if known is None else sorted(set(entries) - set(known))
        if unknown:
            raise NotPossible(f"{path}: [{section}] has an unknown entry {unknown[0]!r}")


def parameters_of(pairs: list[str]) -> dict[str, str]:
    """Return the parameters in options `NAME=VALUE`. Raises NotPossible."""
    for pair in pairs:
        if "=" not in pair:
            raise NotPossible(f"--parameter {pair}: write NAME=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
