"""Steps of the rotation of the keys that sign download URLs: CloudFront cannot replace a public key in place.

The template has two slots, A and B, each with a public key and a secret, and a parameter that says which one signs. A
rotation is three updates of the stack: add a key to the empty slot, let it sign, remove the old one. Each can be
repeated.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.deploy import cdn_keys, changes
from infra.deploy.aws import Account, outputs_of, parameters_of
from infra.deploy.first_steps import SLOTS
from infra.deploy.problems import NotPossible
from infra.deploy.stack_update import StackUpdate
from infra.deploy.states import has_failed

PUBLIC_KEYS = {"A": "CdnPublicKey", "B": "CdnPublicKeyB"}
SIGNER = "CdnSigner"
URLS_VALID = timedelta(minutes=15)
"""URLs are valid for ten minutes (chalicelib/platform/cdn.py)."""

Parameters = Mapping[str, str]
Say = Callable[[str], None]


def signer_of(parameters: Parameters) -> str:
    """Return the slot that signs. Raises NotPossible if the deployment has no signing key."""
    filled = filled_slots(parameters)
    if not filled:
        raise NotPossible("the deployment has no signing key: make deploy OPTIONS=--cdn")
    chosen = parameters.get(SIGNER, "A")
    return chosen if chosen in filled else filled[0]


def filled_slots(parameters: Parameters) -> list[str]:
    """Return the slots that have a public key."""
    return [slot for slot, name in PUBLIC_KEYS.items() if parameters.get(name)]


def other_than(slot: str) -> str:
    """Return the other slot."""
    return "B" if slot == "A" else "A"


def adding(parameters: Parameters, public_key: Callable[[str], str]) -> dict[str, str]:
    """Return the parameters that add a key to the empty slot; none if both slots have one."""
    slot = other_than(signer_of(parameters))
    return {} if slot in filled_slots(parameters) else {PUBLIC_KEYS[slot]: public_key(slot)}


def switching(parameters: Parameters, slot: str) -> dict[str, str]:
    """Return the parameters that let a slot sign; none if it does. Raises NotPossible if it has no key."""
    if slot not in filled_slots(parameters):
        raise NotPossible(f"slot {slot} has no key: add one first")
    return {} if signer_of(parameters) == slot else {SIGNER: slot}


def removing(parameters: Parameters, slot: str, updated: datetime, now: datetime) -> dict[str, str]:
    """Return the parameters that empty a slot; none if it is empty.

    Raises NotPossible if the slot signs, or may have signed URLs that are still valid.
    """
    if slot not in filled_slots(parameters):
        return {}
    if signer_of(parameters) == slot:
        raise NotPossible(f"slot {slot} signs download URLs: switch to slot {other_than(slot)} first")
    left = updated + URLS_VALID - now
    if left > timedelta():
        minutes = left.total_seconds() / 60
        raise NotPossible(f"URLs that slot {slot} has signed may still be valid. Repeat in {minutes:.0f} minutes")
    return {PUBLIC_KEYS[slot]: ""}


class CdnRotation:
    """The steps, on a stack."""

    def __init__(self, account: Account, stack: str, say: Say) -> None:
        self._account, self._stack, self._say = account, stack, say

    def add(self) -> None:
        """Generate a key pair for the empty slot."""
        parameters = parameters_of(self._found())
        slot = other_than(signer_of(parameters))
        self._update(adding(parameters, lambda slot: cdn_keys.prepare(self._account, self._stack, slot)))
        secret = outputs_of(self._found())[SLOTS[slot]]
        cdn_keys.install(self._account, self._stack, slot, secret)
        self._demand_private_key(slot)
        self._say(f"slot {slot} has a key. Next: switch --slot {slot}")

    def switch(self, slot: str) -> None:
        """Let a slot sign."""
        changed = switching(parameters_of(self._found()), slot)
        self._demand_private_key(slot)
        self._update(changed)
        self._say(
            f"slot {slot} signs. Next, after {URLS_VALID.seconds // 60} minutes: remove --slot {other_than(slot)}"
        )

    def remove(self, slot: str) -> None:
        """Empty a slot and delete its secret."""
        stack = self._found()
        updated = stack.get("LastUpdatedTime", stack["CreationTime"])
        secret = outputs_of(stack).get(SLOTS[slot])
        self._update(removing(parameters_of(stack), slot, updated, datetime.now(UTC)))
        if secret is not None:
            self._account.secrets.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
            self._say(f"deleted the secret {secret}; it can be restored for 7 days")
        self._say(f"slot {slot} is empty")

    def _found(self) -> dict[str, Any]:
        found = self._account.stack(self._stack)
        if found is None:
            raise NotPossible(f"there is no stack {self._stack}")
        return found

    def _demand_private_key(self, slot: str) -> None:
        secret = outputs_of(self._found())[SLOTS[slot]]
        if self._account.secret_value(secret) is None:
            raise NotPossible(f"the secret {secret} of slot {slot} has no private key: remove --slot {slot}, then add")

    def _update(self, parameters: Parameters) -> None:
        if not parameters:
            return
        update = StackUpdate(self._account, self._stack, self._say)
        change_set = update.prepare(None, parameters, creates=False)
        if change_set is None:
            return
        self._say(changes.described(change_set.changes))
        status = update.execute(change_set)
        if has_failed(status):
            raise NotPossible(f"{self._stack} ended in {status}; the reason is above")
