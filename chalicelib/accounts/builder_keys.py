"""The builder key: from its variable, a folder, or Secrets Manager, read once per process (accounts.md 7.5)."""

from functools import cache
from pathlib import Path

from chalicelib.core.builder_key import BuilderKeys
from chalicelib.platform.aws import secret_text
from chalicelib.platform.settings import settings


@cache
def builder_keys() -> BuilderKeys:
    """The ring of builder keys. Raises NoBuilderKey where there is none, and SecretUnavailable (nothing is kept)."""
    return BuilderKeys.from_texts(_texts())


def _texts() -> list[str]:
    if settings.builder_key:
        return [settings.builder_key]
    if settings.builder_key_path:
        return [path.read_text() for path in sorted(Path(settings.builder_key_path).glob("bldr-*.box.key"))]
    return [secret_text(settings.builder_key_secret)]
