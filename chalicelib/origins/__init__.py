"""Origins: their members, keys, secrets and integrations (accounts.md sections 6-9).

Every resource has its three files, HTTP → rules → rows:
origins `routes`, `service` and `deletion`, `store`; keys `key_routes`, `keys`, `key_store`; members `member_routes`,
`membership`, `members`; invitations `invitation_routes`, `invitations`, `invitation_store`; secrets `secret_routes`,
`secrets`, `secret_store`; integrations `integration_routes`, `integrations`, `integration_store`.
"""
