"""The builder keys: from a variable, a folder, or Secrets Manager, read once per process (accounts.md 7.5)."""

from functools import cache
from pathlib import Path

from chalicelib.core.keys.key_file import KeyFileMalformed
from chalicelib.core.keys.signed_box import KeyRing, NoBuilderKey
from chalicelib.platform.aws import secret_text
from chalicelib.platform.config import config


class BuilderKeyInvalid(Exception):
    """The builder keys cannot be read, or are not keys. The text names their source and does not quote them."""


@cache
def key_ring() -> KeyRing:
    """Return the ring of builder keys. Raises BuilderKeyInvalid, SecretUnavailable.

    Only success is cached: after an error the next call reads the keys again.
    """
    source = key_source()
    try:
        return KeyRing.from_texts(_texts(), source)
    except NoBuilderKey as problem:
        raise BuilderKeyInvalid(f"{source} holds no builder key") from problem
    except KeyFileMalformed as problem:
        raise BuilderKeyInvalid(f"{source} holds a malformed builder key: {problem}") from problem
    except UnicodeDecodeError as problem:
        raise BuilderKeyInvalid(f"{source} cannot be read: a file is not text") from problem
    except OSError as problem:
        raise BuilderKeyInvalid(f"{source} cannot be read: {problem.strerror}") from problem


def key_source() -> str:
    """Return where the builder keys come from, for messages."""
    if config.builder_key:
        return "BLDR_SECRET_KEY"
    if config.builder_key_path:
        return f"BLDR_HAB_KEY_DIR={config.builder_key_path!r}"
    return f"the secret {config.builder_key_secret} (BLDR_BUILDER_KEY_SECRET)"


def _texts() -> list[str]:
    if config.builder_key:
        return [config.builder_key]
    if config.builder_key_path:
        return [path.read_text() for path in sorted(Path(config.builder_key_path).glob("bldr-*.box.key"))]
    return [secret_text(config.builder_key_secret)]
