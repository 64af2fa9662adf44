"""Names and tags of the operations in the OpenAPI document, from which client generators make functions and folders."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from chalicelib.http.routes import Route

TAGS = {
    "accounts": "Sign-in, and the profile, tokens, licence, origins and invitations of the caller.",
    "builds": "Job groups, their jobs and logs, and the workers that build.",
    "channels": "Named sets of packages within an origin, such as `stable`.",
    "deprecations": "Messages for users of a name, version or release.",
    "events": "The promotions and demotions of packages.",
    "external services": "Requests to GitHub and to container registries.",
    "integrations": "Credentials of other services that an origin uses.",
    "keys": "The signing keys and the encryption key of an origin.",
    "members": "Members of an origin, their roles, and invitations.",
    "origins": "Namespaces with an owner, members, keys, packages and channels.",
    "package sets": "Promotion and demotion of several packages at once, all or none.",
    "packages": "Upload, download, lists, search, settings and visibility of packages.",
    "projects": "Connections between packages and the plans in Git repositories that build them.",
    "retention": "Rules that decide which old packages of an origin are removed.",
    "secrets": "Secrets of an origin, sealed for its encryption key.",
    "service": "The state and the description of this service.",
    "uploads": "Uploads of large archives in parts.",
    "workers": "Credentials of the workers that build packages, and how workers get and report jobs.",
}
"""The description of each tag."""

_TAG_OF_WORD = {
    "authenticate": "accounts",
    "deletions": "packages",
    "demotions": "package sets",
    "docs": "service",
    "ext": "external services",
    "jobs": "builds",
    "long-changes": "channels",
    "notify": "external services",
    "openapi.json": "service",
    "pkgs": "packages",
    "profile": "accounts",
    "promotions": "package sets",
    "rdeps": "packages",
    "settings": "packages",
    "status": "service",
    "unlisted": "packages",
    "user": "accounts",
    "work": "workers",
}
"""The tag of a path by its first fixed word below `/depot`. Other words are tags themselves."""

_TAG_OF_PART = {
    "depart": "members",
    "encryption_key": "keys",
    "integrations": "integrations",
    "invitations": "members",
    "keys": "keys",
    "secret": "secrets",
    "secret_keys": "keys",
    "transfer": "members",
    "users": "members",
}
"""The tag of a path below an origin by the word that follows the origin."""


def tag(path: str) -> str:
    """Return the tag of a path."""
    first, *rest = [word for word in path.split("/") if word not in ("", "depot") and not word.startswith("{")]
    if (first, *rest[:1]) == ("pkgs", "schedule"):
        return "builds"
    if first == "origins" and rest:
        return _TAG_OF_PART.get(rest[0], first)
    return _TAG_OF_WORD.get(first, first)


def operation_ids(routes: Iterable[Route]) -> dict[str, str]:
    """Return the id of each operation by the name of its route.

    It is the name of the handler. If a handler serves several paths, those with more variables, or with a word in place
    of a variable, get a suffix, such as `show_latest_of_version`. So does a second method for the same path.
    """
    of_handler: dict[str, list[Route]] = defaultdict(list)
    for route in routes:
        of_handler[f"{route.handler.__module__}.{route.handler.__name__}"].append(route)
    return {route.name: _id(route, served) for served in of_handler.values() for route in served}


def _id(route: Route, served: Sequence[Route]) -> str:
    shortest = min(served, key=lambda other: (other.path.count("/"), -other.path.count("{")))
    own_words = [word for word in route.path.split("/") if word not in shortest.path.split("/")]
    first_method = next(other.method for other in served if other.path == route.path)
    by_method = "" if route.method == first_method else f"_by_{route.method.lower()}"
    return f"{route.handler.__name__}{_suffix(own_words)}{by_method}"


def _suffix(own_words: Sequence[str]) -> str:
    """`_of_version` for `{version}`, `_named_latest` for `latest`. Empty for no words."""
    if not own_words:
        return ""
    last = own_words[-1]
    if not last.startswith("{"):
        return f"_named_{last}"
    return "_of_name" if last == "{pkg}" else f"_of_{last.strip('{}')}"
