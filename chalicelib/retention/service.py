"""The retention policy of an origin: read, set and delete it. `removal` applies it."""

import json
from contextlib import suppress

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.errors import OriginMissing
from chalicelib.core.session import Session
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import read
from chalicelib.retention import rows
from chalicelib.retention.errors import PolicyMissing
from chalicelib.retention.policy import Policy
from chalicelib.retention.rows import PolicyRow


def policy_of(origin: str) -> PolicyRow:
    """Return the policy in force. Raises PolicyMissing."""
    row = read(rows.policy_key(origin))
    if row is None:
        raise PolicyMissing
    return row


def set_policy(origin: str, policy: Policy, by: Session) -> PolicyRow:
    """Set or replace the policy. A run under the old policy ends before its next removal. Raises OriginMissing."""
    key, moment = rows.policy_key(origin), now()
    row = PolicyRow(
        key.pk,
        key.sk,
        keep_per_name=policy.keep_per_name,
        keep_per_channel=policy.keep_per_channel,
        older_than_days=policy.older_than_days,
        channels=json.dumps(sorted(policy.channels)),
        revision=new_id(moment),
        set_by_id=by.account_id,
        set_by=by.name,
        set_at=timestamp(moment),
    )
    with Change() as change:
        change.put(row)
        origin_rows.require(change, origin, by.permission)
        audit_rows.record(change, audit_rows.AuditAction.RETENTION_SET, by, origin=origin, target=str(policy))
    return row


def delete_policy(origin: str, by: Session) -> None:
    """Delete the policy, if there is one. A run under it ends before its next removal."""
    key = rows.policy_key(origin)
    if read(key) is None:
        return
    with suppress(OriginMissing), Change() as change:  # the policy of a deleted origin is deleted too
        origin_rows.require(change, origin, by.permission)
        change.delete(key)
        audit_rows.record(change, audit_rows.AuditAction.RETENTION_DELETE, by, origin=origin)
