"""The parameters of operations: their schemas, descriptions and examples."""

import re
from typing import Any

from msgspec import Struct, json
from msgspec.structs import fields

from chalicelib.http.query import is_refused_later, is_required, plain_type

PATH: dict[str, tuple[str, str]] = {
    "channel": ("Name of a channel.", "stable"),
    "code": ("Code that the sign-in provider issued.", "4f1c2d0e9a8b7c6d5e4f"),
    "id": ("Id that a list or an earlier answer returned.", "1853263518041964544"),
    "install_id": ("Id of the installation of the GitHub App.", "56940"),
    "integration": ("Type of an integration, for example `docker`; below a project, its name.", "docker"),
    "name": ("Name of an integration.", "docker-hub"),
    "origin": ("Name of an origin.", "core"),
    "path": ("Path of the file within the repository, slashes encoded as `%2F`.", "nginx/plan.sh"),
    "pkg": ("Name of a package.", "nginx"),
    "query": ("Words of the names to search for, separated by `/`.", "nginx"),
    "registry_type": ("Type of the registry: `docker`, `amazon` or `azure`.", "docker"),
    "release": ("Release of a package, usually a UTC time of 14 digits.", "20260301123456"),
    "repo_id": ("Id of the repository at GitHub.", "114932712"),
    "revision": ("Revision of a key, a UTC time of 14 digits.", "20260301123456"),
    "secret": ("Name of a secret.", "db_password"),
    "user": ("Name of an account.", "sam"),
    "version": ("Version of a package.", "1.25.4"),
    "visibility": ("`public`, `private` or `hidden`.", "public"),
}
"""Description and example of each variable of a path."""

QUERY: dict[str, tuple[str, str | int | bool]] = {
    "builder": ("Sent by workers, with any value: the upload starts no builds of its dependents.", ""),
    "deps_only": ("`true`: build the dependents without the package itself.", "true"),
    "first": ("Index of the first project to return, from 0; see `next`.", 0),
    "idents": ("Projects to build, `origin/name`, separated by commas; the parameter may be repeated.", "core/zlib"),
    "include_projects": ("`true`: list the projects of the group.", True),
    "limit": ("Number of groups to return, 500 at most; 10 for anything that is not a number.", "10"),
    "origin_only": ("`true`: leave out dependents in other origins.", "true"),
    "package_only": ("`true`: build only the package itself.", "true"),
    "after": ("Name of the package after which to continue, from `next_after` of the last answer.", "nginx"),
    "channel": ("Name of a channel.", "stable"),
    "checksum": ("BLAKE2b checksum of the archive, 64 hexadecimal digits.", "0" * 64),
    "color": ("Keep ANSI sequences: `true`, `t`, `1` or `on`; default: remove them.", True),
    "distinct": ("Return each name once instead of every release.", True),
    "dry_run": ("Return what would happen, and change nothing.", True),
    "forced": ("Accept a package that exists already, if the bytes are equal.", False),
    "from": ("Number of the first part to return a URL for.", 1),
    "fromDate": ("Another name of `from_date`.", "2026-03-01"),
    "from_date": ("First day, `YYYY-MM-DD`. Required under this name or as `fromDate`.", "2026-03-01"),
    "nextRange": ("Another name of `range`.", 0),
    "query": ("Words that the origin and the name of the package must contain, separated by `/`.", "nginx"),
    "range": ("Index of the first row, from 0. The next page begins after `range_end`.", 0),
    "redirect": ("`s3` for a presigned URL of the object store instead of the usual answer.", "s3"),
    "role": (
        "`readonly_member`, `member`, `maintainer` or `administrator`, in upper or lower case.",
        "maintainer",
    ),
    "sandbox": ("Include the channels of job groups.", False),
    "start": ("Number of the first line, from 0.", 0),
    "target": (
        "Target of a package. Default: the target that `User-Agent` names, else `x86_64-linux`.",
        "x86_64-linux",
    ),
    "toDate": ("Another name of `to_date`.", "2026-03-31"),
    "wait": ("How many seconds to wait for a new line, at most 20.", 20),
    "to_date": ("Last day, `YYYY-MM-DD`. Required under this name or as `toDate`.", "2026-03-31"),
}
"""Description and example of each query parameter. The field of a shape may have its own description."""


def path_parameters(path: str) -> list[dict[str, Any]]:
    """Return the parameters of a path, in order."""
    return [_path_parameter(name) for name in re.findall(r"{(\w+)}", path)]


def query_parameters(shape: type[Struct] | None) -> list[dict[str, Any]]:
    """Return the parameters that the struct of a query declares."""
    return [] if shape is None else [_query_parameter(field) for field in fields(shape)]


def _path_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema, **_described(PATH.get(name))}


def _query_parameter(field: Any) -> dict[str, Any]:
    schema = json.schema(field.type)
    own = {"description": schema.pop("description")} if "description" in schema else {}
    schema = {**json.schema(plain_type(field.type)), **{key: schema[key] for key in schema if key != "anyOf"}}
    name, required = field.encode_name, is_required(field) or is_refused_later(field)
    if not required and field.default is not None:
        schema["default"] = field.default
    return {
        "name": name,
        "in": "query",
        "required": required,
        "schema": schema,
        **_described(QUERY.get(name)),
        **own,
    }


def _described(entry: tuple[str, Any] | None) -> dict[str, Any]:
    return {} if entry is None else {"description": entry[0], "example": entry[1]}
