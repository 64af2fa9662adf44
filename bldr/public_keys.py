"""Public signing keys in local files, under the names that hab gives them."""

from collections.abc import Callable, Iterable
from pathlib import Path

from bldr.archives import read_signing_key
from bldr.client import Builder
from bldr.errors import PathUnusable
from bldr.files import read_text, write_atomically
from chalicelib.core.keys.key_file import KeyFile, KeyFileMalformed, KeyKind
from chalicelib.core.keys.named_revision import NamedRevision


def key_path(folder: Path, name: NamedRevision) -> Path:
    """Return the path of a public key in a folder."""
    return folder / f"{name}{KeyKind.PUBLIC_SIGNING.suffix}"


def read_key(path: Path) -> KeyFile | None:
    """Return a public signing key, or None for a public encryption key, which has the same suffix.

    Raises PathUnusable.
    """
    try:
        text = read_text(path)
        if text.startswith(KeyKind.PUBLIC_ENCRYPTION.version):
            return None
        return KeyFile.parse(text, KeyKind.PUBLIC_SIGNING)
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise PathUnusable(f"{path} is not a key file: it is not text") from None
    except KeyFileMalformed as problem:
        raise PathUnusable(f"{path} is not a public signing key: {problem.reason}") from None


def read_wanted_keys(
    wanted: Iterable[NamedRevision], paths: Iterable[Path], warn: Callable[[str], None]
) -> dict[NamedRevision, KeyFile]:
    """Return the wanted keys that are in these files. Warns about each file that was read and is not a key.

    A key is looked up by the name that hab gives its file. The other files are read only if that does not find it.
    """
    missing = set(wanted)
    found: dict[NamedRevision, KeyFile] = {}
    names = {f"{name}{KeyKind.PUBLIC_SIGNING.suffix}" for name in missing}
    for path in sorted(paths, key=lambda path: (path.name not in names, path)):
        if not missing:
            break
        key = _key_or_warning(path, warn)
        if key is not None and key.named_revision in missing:
            found[key.named_revision] = key
            missing.remove(key.named_revision)
    return found


def _key_or_warning(path: Path, warn: Callable[[str], None]) -> KeyFile | None:
    try:
        return read_key(path)
    except PathUnusable as problem:
        warn(f"warning: {problem}; the file is ignored")
        return None


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
