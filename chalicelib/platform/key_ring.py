"""The builder keys: from a variable, a folder, or Secrets Manager (accounts.md 7.5).

Keys in Secrets Manager are read again every few minutes, so that a rotation needs no deployment: by the time a new key
seals boxes, every process knows it. docs/OPERATIONS.md, "Rotating keys", has the steps of a rotation.
"""

import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chalicelib.core.keys.key_file import KeyFile, KeyFileMalformed
from chalicelib.core.keys.signed_box import KeyRing, NoBuilderKey, read_keys, sealing_key
from chalicelib.platform import logs
from chalicelib.platform.aws import SecretUnavailable, secret_text
from chalicelib.platform.config import config

FRESH_SECONDS = 240
"""After which a process reads its keys again."""
KEPT_SECONDS = 540
"""How long a process uses keys that it cannot read again."""
SETTLED = timedelta(seconds=600)
"""Age from which a key seals. It must exceed KEPT_SECONDS."""
SETTLED_EVERYWHERE = SETTLED + timedelta(seconds=KEPT_SECONDS + 60)
"""Age from which no process seals with an older key."""
SECONDS_BETWEEN_SEARCHES = 60
"""How often a process reads its keys because a box or a token names one that it does not have."""

NEVER = -float("inf")
clock = time.monotonic


class BuilderKeyInvalid(Exception):
    """The builder keys cannot be read, or are not keys. The text names their source and does not quote them."""


class _CachedRing:
    """The ring of this process. Only success is cached: after an error the next call reads the keys again."""

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._ring: KeyRing | None = None
        self._fresh_until = self._kept_until = self._searched = NEVER

    def __call__(self) -> KeyRing:
        """Return the ring of builder keys. Raises BuilderKeyInvalid, SecretUnavailable."""
        ring = self._ring
        if ring is not None and (clock() < self._fresh_until or not _from_secrets_manager()):
            return ring
        with self._reading:
            ring = self._ring
            if ring is None or clock() >= self._fresh_until:
                ring = self._ring = self._read(ring)
            return ring

    def cache_clear(self) -> None:
        """Forget the ring, as in a new process."""
        self._ring = None
        self._fresh_until = self._kept_until = self._searched = NEVER

    def _read(self, before: KeyRing | None) -> KeyRing:
        """Return the ring of the keys that exist now, or that before if they cannot be read for a while."""
        now = clock()
        try:
            keys = _keys()
        except (BuilderKeyInvalid, SecretUnavailable):
            if before is None or now >= self._kept_until:
                raise
            self._fresh_until = now + SECONDS_BETWEEN_SEARCHES
            return before
        self._fresh_until, self._kept_until = now + FRESH_SECONDS, now + KEPT_SECONDS
        return KeyRing(keys, key_source(), self._search, sealing_key(keys, datetime.now(UTC), SETTLED))

    def _search(self) -> Iterable[KeyFile]:
        """Return the keys that the secret has now, if they were not read for a minute."""
        now = clock()
        if now < self._searched + SECONDS_BETWEEN_SEARCHES or not _from_secrets_manager():
            return ()
        found = _keys()
        self._searched = now
        if logs.correlation_id() is not None:  # the commands of operators print only their results
            text = f"read {key_source()} again, because stored data or a token names a key that was missing"
            logs.logger().warning(text)
        return found


key_ring = _CachedRing()


def key_source() -> str:
    """Return where the builder keys come from, for messages."""
    if config.builder_key:
        return "BLDR_SECRET_KEY"
    if config.builder_key_path:
        return f"BLDR_HAB_KEY_DIR={config.builder_key_path!r}"
    return f"the secret {config.builder_key_secret} (BLDR_BUILDER_KEY_SECRET)"


def _from_secrets_manager() -> bool:
    return not config.builder_key and not config.builder_key_path


def _keys() -> list[KeyFile]:
    """Return the keys, at least one. Raises BuilderKeyInvalid, SecretUnavailable."""
    source = key_source()
    try:
        keys = read_keys(_texts())
        KeyRing(keys)
    except NoBuilderKey as problem:
        raise BuilderKeyInvalid(f"{source} holds no builder key") from problem
    except KeyFileMalformed as problem:
        raise BuilderKeyInvalid(f"{source} holds a malformed builder key: {problem}") from problem
    except UnicodeDecodeError as problem:
        raise BuilderKeyInvalid(f"{source} cannot be read: a file is not text") from problem
    except OSError as problem:
        raise BuilderKeyInvalid(f"{source} cannot be read: {problem.strerror}") from problem
    return keys


def _texts() -> list[str]:
    if config.builder_key:
        return [config.builder_key]
    if config.builder_key_path:
        return [path.read_text() for path in sorted(Path(config.builder_key_path).glob("bldr-*.box.key"))]
    return [secret_text(config.builder_key_secret)]
