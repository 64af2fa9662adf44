"""Arguments of `bldr jobs`: ids of job groups and jobs, and packages."""

from typing import Any

import click

from bldr.errors import IdentInvalid


class GroupId(click.ParamType[str]):
    """The id of a job group."""

    name = "group id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the id, or fail with a usage error that says how to find it."""
        if not is_id(value):
            hint = "`bldr jobs status --origin ORIGIN` lists groups"
            self.fail(f"'{value}' is not the id of a job group, which is a number; {hint}", param, ctx)
        return str(value)


def is_id(text: str) -> bool:
    """Return whether a text can be the id of a group or of a job."""
    return text.isascii() and text.isdecimal()


def package_parts(package: str) -> tuple[str, str]:
    """Return origin and name. Raises IdentInvalid."""
    origin, separator, name = package.partition("/")
    if not (origin and separator and name) or "/" in name:
        raise IdentInvalid(f"'{package}' is not a package; write origin/name")
    return origin, name
