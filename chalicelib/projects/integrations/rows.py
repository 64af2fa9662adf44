"""Rows of project integrations. All rows of a package name share a partition, and apply to all of its targets."""

from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition

MOST = 20
"""How many a package name can have: all are deleted in one transaction, and the worker gets all of them."""

SETTING = "SETTING#"


class ProjectIntegrationRow(Row):
    """The JSON that a project sets for an integration of its origin, in a signed box of the builder key.

    `integration` is the name of the integration, `kind` its type, and `integration_id` its id. Without an integration
    that has this id, the row does not count: it was deleted with its integration (accounts.md 8.9).
    """

    integration = UnicodeAttribute()
    kind = UnicodeAttribute()
    integration_id = NumberAttribute()
    box = UnicodeAttribute()


class ProjectIntegrationsRow(Row):
    """How many rows a package name has. The revision grows with every row that is added or deleted."""

    number = NumberAttribute(default=0)
    revision = NumberAttribute(default=0)


def settings_partition(origin: str, name: str) -> str:
    """Partition of the project integrations of a package name."""
    return partition("PROJECT-INTEGRATIONS", origin, name)


def setting_key(origin: str, name: str, integration: str) -> Key[ProjectIntegrationRow]:
    """Key of what a package name sets for an integration."""
    return Key(ProjectIntegrationRow, settings_partition(origin, name), SETTING + integration)


def list_key(origin: str, name: str) -> Key[ProjectIntegrationsRow]:
    """Key of the number of a package name's project integrations."""
    return Key(ProjectIntegrationsRow, settings_partition(origin, name), "LIST")
