"""Credentials of the stores and keys of the service, generated once per state folder, readable by its user alone."""

import json
import secrets
import string
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from chalicelib.core.keys.signed_box import generate_builder_key
from local.state.folder import StateFolder, StateUnusable, make_private_folder, read_json, write_private

_LETTERS = string.ascii_letters + string.digits
"""DynamoDB Local accepts only letters and digits in an access key."""


@dataclass(frozen=True)
class Credentials:
    """The credentials of both stores. `table_path` is a secret: the first segment of the paths of the table's URL.

    DynamoDB Local does not check signatures, so a URL that others do not know protects the table from them.
    """

    access_key: str
    secret_key: str
    table_path: str


def ensure_credentials(folder: StateFolder) -> Credentials:
    """Return the credentials of a folder, which are generated if there are none. Raises StateUnusable."""
    if not folder.credentials.exists():
        new = Credentials(_random(20), _random(40), _random(40))
        write_private(folder.credentials, json.dumps(asdict(new)))
    try:
        return Credentials(**read_json(folder.credentials))
    except TypeError as problem:
        raise StateUnusable(f"{folder.credentials} is not a file of this service; delete it") from problem


def ensure_builder_key(folder: StateFolder) -> None:
    """Generate the builder key of a folder unless it has one: what is encrypted with a key needs that key forever."""
    make_private_folder(folder.keys)
    if not list(folder.keys.glob("bldr-*.box.key")):
        revision = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
        write_private(folder.keys / f"bldr-{revision}.box.key", generate_builder_key(revision))


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
