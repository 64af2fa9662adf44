"""Audit rows: who changed what. They are written in the transaction of the change (accounts.md section 9)."""

from enum import StrEnum

from chalicelib.core.session import Session
from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.row import Row, partition


class AuditAction(StrEnum):
    """The audited operations: changes of origins and of what belongs to them, of tokens and of packages."""

    ORIGIN_CREATE = "origin_create"
    ORIGIN_CHANGE = "origin_change"
    ORIGIN_DELETE = "origin_delete"
    OWNER_TRANSFER = "owner_transfer"
    MEMBER_DEPART = "member_depart"
    MEMBER_REMOVE = "member_remove"
    MEMBER_ROLE = "member_role"
    INVITATION_SEND = "invitation_send"
    INVITATION_ACCEPT = "invitation_accept"
    INVITATION_IGNORE = "invitation_ignore"
    INVITATION_RESCIND = "invitation_rescind"
    KEY_GENERATE = "key_generate"
    KEY_UPLOAD = "key_upload"
    SECRET_KEY_UPLOAD = "secret_key_upload"
    ENCRYPTION_KEY_GENERATE = "encryption_key_generate"
    SECRET_STORE = "secret_store"
    SECRET_DELETE = "secret_delete"
    INTEGRATION_STORE = "integration_store"
    INTEGRATION_DELETE = "integration_delete"
    PROJECT_CREATE = "project_create"
    PROJECT_CHANGE = "project_change"
    PROJECT_DELETE = "project_delete"
    PROJECT_INTEGRATION_STORE = "project_integration_store"
    PROJECT_INTEGRATION_DELETE = "project_integration_delete"
    TOKEN_GENERATE = "token_generate"
    TOKEN_REVOKE = "token_revoke"
    WORKER_CREATE = "worker_create"
    WORKER_DELETE = "worker_delete"
    RETENTION_SET = "retention_set"
    RETENTION_DELETE = "retention_delete"
    PACKAGE_RETIRE = "package_retire"
    PACKAGE_DELETE_DESPITE_DEPENDENTS = "package_delete_despite_dependents"
    JOB_GROUP_CREATE = "job_group_create"
    JOB_GROUP_CANCEL = "job_group_cancel"


class AuditRow(Row):
    """One audited change. The rows of a partition are sorted by time.

    `target` identifies what was changed within the origin or account: a member's name, a key's full name, a token's id.
    """

    operation = UnicodeAttribute()
    origin = UnicodeAttribute(default="")
    target = UnicodeAttribute(default="")
    requester_id = NumberAttribute()
    requester_name = UnicodeAttribute()
    trigger = UnicodeAttribute()
    created_at = UnicodeAttribute()


def record(
    change: Change,
    operation: AuditAction,
    by: Session,
    *,
    origin: str = "",
    target: str = "",
) -> None:
    """Add an audit row to a change, so that neither is written without the other.

    Without an origin, the row goes to the partition of the account that made the change.
    """
    moment = now()
    change.add(
        AuditRow(
            origin_audit_partition(origin) if origin else account_audit_partition(by.account_id),
            f"{timestamp(moment)}#{new_id(moment)}",
            operation=operation.value,
            origin=origin,
            target=target,
            requester_id=by.account_id,
            requester_name=by.name,
            trigger=by.trigger.value,
            created_at=timestamp(moment),
        )
    )


def origin_audit_partition(origin: str) -> str:
    """Partition of an origin's audit rows. They remain after the origin is deleted."""
    return partition("AUDIT-ORIGIN", origin)


def account_audit_partition(account_id: int) -> str:
    """Partition of the audit rows of an account's own tokens."""
    return partition("AUDIT-ACCOUNT", str(account_id))
