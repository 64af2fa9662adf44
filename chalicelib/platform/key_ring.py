"""The builder keys: from a variable, a folder, or Secrets Manager, read once per process (accounts.md 7.5)."""

from functools import cache
from pathlib import Path

from chalicelib.core.signed_box import KeyRing
from chalicelib.platform.aws import secret_text
from chalicelib.platform.config import config


@cache
def key_ring() -> KeyRing:
    """Return the ring of builder keys. Raises NoBuilderKey if there is none, and SecretUnavailable.

    Only success is cached: after an error the next call reads the keys again.
    """
    return KeyRing.from_texts(_texts(), key_source())


def key_source() -> str:
    """Return where the builder keys come from, for messages."""
    if config.builder_key:
        return "BLDR_SECRET_KEY"
    if config.builder_key_path:
        return f"BLDR_HAB_KEY_DIR={config.builder_key_path}"
    return f"the secret {config.builder_key_secret} (BLDR_BUILDER_KEY_SECRET)"


def _texts() -> list[str]:
    if config.builder_key:
        return [config.builder_key]
    if config.builder_key_path:
        return [path.read_text() for path in sorted(Path(config.builder_key_path).glob("bldr-*.box.key"))]
    return [secret_text(config.builder_key_secret)]
