"""A double of GitHub with our App installed, which has repositories with files and folders."""

import base64
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.builders.http_double import HttpDouble

INSTALLATION, REPOSITORY = 17, 42
APP_ID = "4711"
CLONE_URL = "https://github.com/acme/plans.git"
TOKENS = f"/app/installations/{INSTALLATION}/access_tokens"
OF_REPOSITORY = f"/repositories/{REPOSITORY}"

PRIVATE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = PRIVATE_KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


def contents_of(path: str) -> str:
    """Return the path of a file or folder of the repository at the API of GitHub."""
    return f"{OF_REPOSITORY}/contents/{path}"


def permission_of(account: str) -> str:
    """Return the path of what an account may do in the repository."""
    return f"{OF_REPOSITORY}/collaborators/{account}/permission"


def a_github(double: HttpDouble, files: Mapping[str, str | bytes]) -> HttpDouble:
    """Let a double answer as GitHub does for one installation and one repository with these files."""
    double.answers("POST", TOKENS, {"token": "ghs_1", "expires_at": "2030-01-01T00:00:00Z"}, status=201)
    double.answers("GET", OF_REPOSITORY, {"id": REPOSITORY, "clone_url": CLONE_URL, "private": True})
    double.answers("GET", permission_of("bobo"), {"permission": "read"})
    folders: dict[str, dict[str, str]] = {"": {}}
    for path, content in files.items():
        raw = content.encode() if isinstance(content, str) else content
        double.answers("GET", contents_of(path), a_file(path, raw))
        parts = path.split("/")
        for depth in range(len(parts)):
            kind = "file" if depth == len(parts) - 1 else "dir"
            folders.setdefault("/".join(parts[:depth]), {})[parts[depth]] = kind
    for folder, entries in folders.items():
        listed = [{"name": name, "type": kind, "path": f"{folder}/{name}"} for name, kind in entries.items()]
        double.answers("GET", contents_of(folder), listed)
    return double


def a_file(path: str, content: bytes) -> dict[str, Any]:
    """Return the description of a file, whose content is Base64 in lines, as GitHub sends it."""
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "type": "file",
        "encoding": "base64",
        "size": len(content),
        "content": base64.encodebytes(content).decode(),
    }


def settings_for(double: HttpDouble) -> dict[str, str]:
    """Return the settings with which the service uses a double as GitHub."""
    return {"github_api_url": double.url, "github_app_id": APP_ID, "github_app_private_key": PEM}
