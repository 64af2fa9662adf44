"""The retention policy of an origin: set, shown, withdrawn. What it removes is decided in `retirement`."""

import json

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.core.session import Session
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import read
from chalicelib.retention import rows as store
from chalicelib.retention.errors import PolicyMissing
from chalicelib.retention.policy import Policy
from chalicelib.retention.rows import PolicyRow


def of(origin: str) -> PolicyRow:
    """The policy in force. Raises PolicyMissing."""
    row = read(store.policy_key(origin))
    if row is None:
        raise PolicyMissing
    return row


def put(origin: str, policy: Policy, by: Session) -> PolicyRow:
    """Set the policy in place of another; a run under the old one removes nothing more. Raises OriginMissing."""
    key, moment = store.policy_key(origin), now()
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
    change = Change()
    change.put(row)
    origin_rows.require(change, origin)
    audit_rows.record(change, audit_rows.AuditAction.RETENTION_SET, by, origin=origin, target=str(policy))
    change.commit()
    return row


def withdraw(origin: str, by: Session) -> None:
    """Remove the policy; missing is no error. A run under it ends before its next removal."""
    key = store.policy_key(origin)
    if read(key) is None:
        return
    change = Change()
    change.delete(key)
    audit_rows.record(change, audit_rows.AuditAction.RETENTION_DELETE, by, origin=origin)
    change.commit()
