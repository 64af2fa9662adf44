"""Settings of the service: one typed table of environment variables, read once at start.

The contract names settings `api.some_name`; the variable is then `BLDR_SOME_NAME`. Variables that existing
installations use keep their names. A value that cannot be parsed stops the start with an error that names the variable.
"""

import os
from collections.abc import Mapping
from typing import Any

from chalicelib.platform import setting_values as values
from chalicelib.platform.settings.declaration import SETTINGS
from chalicelib.platform.settings.other_services import OtherServiceSettings


class ConfigInvalid(ValueError):
    """An environment variable holds a value that cannot be used."""

    def __init__(self, variable: str, value: str | None, why: str) -> None:
        """`value` is None for a secret, which the message must not show."""
        shown = variable if value is None else f"{variable}={value!r}"
        super().__init__(f"{shown} cannot be used: {why}")


class Config(OtherServiceSettings, frozen=True, eq=False):
    """The settings in force. `python -m chalicelib.platform.config` prints the table of docs/CONFIGURATION.md.

    The modules of `chalicelib/platform/settings` declare the fields by concern. A struct can have only one other struct
    as its base, so the classes there form a chain, and this one is its end.
    """

    def __post_init__(self) -> None:
        if self.functional_test and self.stage.lower().startswith("prod"):
            raise ConfigInvalid("HAB_FUNC_TEST", "set", f"functional-test mode is refused in stage {self.stage!r}")

    def __repr__(self) -> str:
        return "Config(...)"  # several values are secrets


_settings_by_field = dict(zip(Config.__struct_fields__, SETTINGS, strict=True))


def read_config(environment: Mapping[str, str]) -> Config:
    """Return the settings of an environment. Raises ConfigInvalid with the variable's name.

    Except for booleans, an empty variable counts as not set.
    """
    fields: dict[str, Any] = {}
    for field, declared in _settings_by_field.items():
        text = environment.get(declared.variable)
        if text is None or (not text and not isinstance(declared.default, bool)):
            continue
        try:
            fields[field] = declared.parse(text)
        except ValueError as error:
            shown = None if declared.parse is values.pem or "@" in text else text  # a URL may contain a password
            raise ConfigInvalid(declared.variable, shown, str(error)) from error
    return Config(**fields)


def as_markdown() -> str:
    """Return the table of docs/CONFIGURATION.md, one row per variable."""
    rows = ["| variable | default | on AWS | meaning |", "| --- | --- | --- | --- |"]
    for declared in SETTINGS:
        default = ", ".join(declared.default) if isinstance(declared.default, tuple) else declared.default
        where = "never set" if declared.local else "template"
        rows.append(f"| `{declared.variable}` | `{default}` | {where} | {declared.meaning} |")
    return "\n".join(rows).replace("| `` |", "| |")


config = read_config(os.environ)

if __name__ == "__main__":
    print(as_markdown())
