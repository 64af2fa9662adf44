"""The public keys that signed archives, fetched into a folder under the names that hab gives them."""

from pathlib import Path

from bldr.archives import signer
from bldr.client import Builder
from bldr.errors import PathUnusable
from bldr.files import write_whole
from chalicelib.core.key_file import KeyFile, KeyKind
from chalicelib.core.named_revision import NamedRevision


def key_path(folder: Path, named: NamedRevision) -> Path:
    """Where a public key stands in a folder."""
    return folder / f"{named}{KeyKind.PUBLIC_SIGNING.suffix}"


def write_key(folder: Path, key: KeyFile) -> None:
    """Put a key into a folder. Raises PathUnusable."""
    write_whole(key_path(folder, key.named_revision), key.text.encode())


def fetch_keys(builder: Builder, archives: list[Path], folder: Path) -> list[NamedRevision]:
    """Fetch the keys that are not there yet; gives those that the Builder does not have. Raises PathUnusable."""
    missing = []
    for named in sorted({signer(path) for path in archives}, key=str):
        if key_path(folder, named).exists():
            continue
        key = builder.key(named)
        if key is None:
            missing.append(named)
        elif key.named_revision != named:
            raise PathUnusable(f"{builder} gives {key.named_revision} for key {named}; nothing was written")
        else:
            write_key(folder, key)
    return missing
