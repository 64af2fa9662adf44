"""Steps of the rotation of the builder key: add one, wait until all processes know it, seal again, remove the old one.

Each step can be interrupted and repeated: the state is in the secret and in the rows.
"""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.core.deferred import deferred
from chalicelib.core.keys.key_file import KeyFile, KeyFileMalformed
from chalicelib.core.keys.named_revision import next_revision
from chalicelib.core.keys.signed_box import KeyRing, generate_builder_key, made_at, read_keys
from infra.deploy.aws import Account
from infra.deploy.problems import NotPossible
from infra.rotate.sealed_rows import Found, Key, SealedRows, Walk

# These modules read the environment when they run, and the command completes it first.
with deferred():
    from chalicelib.platform import key_ring
    from chalicelib.scheduled import cursors

Say = Callable[[str], None]
CURSOR = "rotate_builder_key"
SHOWN = 20


class BuilderKeySecret:
    """The secret with the builder keys of a deployment, newest first."""

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self.name = name

    def read(self) -> list[KeyFile]:
        """Return the keys, newest first. Raises NotPossible."""
        text = self._account.secret_value(self.name)
        if text is None:
            raise NotPossible(
                f"the secret {self.name} has no builder key: restore its earlier version, or run make deploy"
            )
        try:
            keys = read_keys(text)
        except KeyFileMalformed as problem:
            raise NotPossible(
                f"the secret {self.name} holds a malformed builder key ({problem}): restore its earlier version"
            ) from problem
        return sorted(keys, key=lambda key: key.file_name, reverse=True)

    def store(self, keys: Sequence[KeyFile]) -> None:
        """Replace the value. Secrets Manager keeps the one before as AWSPREVIOUS."""
        text = "\n".join(key.text for key in keys)
        self._account.secrets.put_secret_value(SecretId=self.name, SecretString=text)


def add_key(secret: BuilderKeySecret, say: Say, *, another: bool = False) -> list[KeyFile]:
    """Add a new key if there is only one, or if `another` is wanted, and return the keys."""
    keys = secret.read()
    if len(keys) > 1 and not another:
        say(f"{secret.name} has the keys {_names(keys)}; continuing with {keys[0].named_revision}")
        return keys
    newest = keys[0].named_revision.revision
    revision = max(f"{datetime.now(UTC):%Y%m%d%H%M%S}", next_revision(newest))
    added = read_keys(generate_builder_key(revision))
    secret.store([*added, *keys])
    say(f"added the key {added[0].named_revision} to {secret.name}")
    return [*added, *keys]


def wait(keys: Sequence[KeyFile], say: Say, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until every process of the service seals with the newest key."""
    left = _seconds_left(keys[0])
    if left > 0:
        say(f"waiting {left / 60:.0f} minutes until all functions use the new key; the command may be interrupted")
        sleep(left)


def seal_again(tables: Any, table: str, keys: Sequence[KeyFile], say: Say, *, resume: bool = True) -> Found:
    """Seal all boxes with the newest key. A repeated run continues where an interrupted one has ended."""
    target = str(keys[0].named_revision)
    begins = _stored_cursor(target) if resume else None

    def note(following: Key | None, found: Found) -> None:
        cursors.store_cursor(CURSOR, json.dumps([target, following]) if following else "")
        say(f"  {found.sealed_again} sealed again, {found.up_to_date} up to date")

    found = Walk(SealedRows(tables, table), KeyRing(keys), target).run(begins, note)
    say("\n".join(report(found, target)))
    return found


def remove_old(secret: BuilderKeySecret, tables: Any, table: str, say: Say, *, revoke_tokens: bool = False) -> None:
    """Remove all keys but the newest, if no row needs them. Raises NotPossible."""
    keys = secret.read()
    target = str(keys[0].named_revision)
    if len(keys) == 1:
        say(f"{secret.name} has only the key {target}")
        return
    left = _seconds_left(keys[0])
    if left > 0:
        raise NotPossible(
            f"{target} is too new: some functions may still use the old key. Repeat in {left / 60:.0f} minutes"
        )
    found = Walk(SealedRows(tables, table), KeyRing(keys), target, revokes=revoke_tokens).run()
    if not found.is_complete or found.tokens:
        say("\n".join(report(found, target)))
        raise NotPossible("no key was removed, because rows need it")
    secret.store(keys[:1])
    say(f"removed {_names(keys[1:])}. Secrets Manager has the value before as version AWSPREVIOUS")


def report(found: Found, target: str) -> list[str]:
    """Return what a walk has found, for people."""
    lines = [f"{found.sealed_again} values sealed again with {target}, {found.up_to_date} up to date"]
    if found.changed_meanwhile:
        lines.append(f"{found.changed_meanwhile} rows changed meanwhile: repeat the command")
    for key, number in sorted(found.unreadable.items()):
        lines.append(f"{number} values need the key {key}, which the secret does not have or which does not open them")
    for key, number in sorted(found.tokens.items()):
        lines.append(f"{number} access tokens were issued with {key} and are valid as long as the secret has it")
    if found.accounts:
        some = ", ".join(sorted(found.accounts)[:SHOWN]) + (", …" if len(found.accounts) > SHOWN else "")
        lines.append(f"  of {some}: let them generate new ones, or revoke them: --remove-old --revoke-tokens")
    return lines


def _stored_cursor(target: str) -> Key | None:
    stored = cursors.read_cursor(CURSOR)
    key, following = json.loads(stored) if stored else ("", None)
    return following if key == target else None


def _seconds_left(newest: KeyFile) -> float:
    age = datetime.now(UTC) - made_at(newest)
    return float((key_ring.SETTLED_EVERYWHERE - age).total_seconds())


def _names(keys: Sequence[KeyFile]) -> str:
    return ", ".join(str(key.named_revision) for key in keys)
