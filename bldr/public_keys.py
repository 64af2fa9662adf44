"""Public signing keys in local files, under the names that hab gives them."""

from collections.abc import Iterable
from pathlib import Path

from bldr.archives import read_signing_key
from bldr.client import Builder
from bldr.errors import PathUnusable
from bldr.files import write_atomically
from chalicelib.core.key_file import KeyFile, KeyFileMalformed, KeyKind
from chalicelib.core.named_revision import NamedRevision


def key_path(folder: Path, name: NamedRevision) -> Path:
    """Return the path of a public key in a folder."""
    return folder / f"{name}{KeyKind.PUBLIC_SIGNING.suffix}"


def read_key(path: Path) -> KeyFile | None:
    """Return a public signing key, or None for a public encryption key, which has the same suffix.

    Raises PathUnusable.
    """
    try:
        text = path.read_text()
        if text.startswith(KeyKind.PUBLIC_ENCRYPTION.version):
            return None
        return KeyFile.parse(text, KeyKind.PUBLIC_SIGNING)
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise PathUnusable(f"{path} is not a key file: it is not text") from None
    except KeyFileMalformed as problem:
        raise PathUnusable(f"{path} is not a public signing key: {problem.reason}") from None


def write_key(folder: Path, key: KeyFile) -> None:
    """Write a key to a folder. Raises PathUnusable."""
    write_atomically(key_path(folder, key.named_revision), key.text.encode())


def download_signing_keys(builder: Builder, archives: Iterable[Path], folder: Path) -> list[NamedRevision]:
    """Download the keys that signed archives, except those in the folder; return the names that the Builder lacks.

    Raises PathUnusable.
    """
    names = sorted({read_signing_key(path) for path in archives}, key=str)
    new = [name for name in names if not key_path(folder, name).exists()]
    return [name for name in new if not _download(builder, name, folder)]


def _download(builder: Builder, name: NamedRevision, folder: Path) -> bool:
    key = builder.key(name)
    if key is None:
        return False
    if key.named_revision != name:
        raise PathUnusable(f"{builder} returned key {key.named_revision} for key {name}; nothing was written")
    write_key(folder, key)
    return True
