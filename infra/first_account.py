"""`python -m infra.first_account --stack STACK --name NAME --origin ORIGIN`: the first account of a deployment.

Creates what is missing: the builder key, the account, the origin with the account as owner, and the account's access
token. Prints the token to standard output, once: a run that finds a token prints nothing there, unless `--new-token`
replaces it. Any run may be interrupted and repeated.

Needs the operator's AWS credentials with the actions DescribeStacks on the stack, GetSecretValue and PutSecretValue on
the builder key, and reads and writes of the table. Without `--stack`, the BLDR_ variables name table and secret, as for
the embedded stack.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.deferred import deferred

# These modules read the environment when they run, and `main` completes it first.
with deferred():
    from chalicelib.accounts.access_tokens import service as access_tokens
    from chalicelib.catalog import member_rows
    from chalicelib.core import plain_text, roles, session, visibility
    from chalicelib.core.keys import signed_box
    from chalicelib.core.tokens import access_token
    from chalicelib.identity import registration
    from chalicelib.origins import errors as origin_errors
    from chalicelib.origins import service as origins
    from chalicelib.platform import aws, config, key_ring, table
    from infra import builder_key

OUTPUTS = {"BLDR_TABLE": "TableName", "BLDR_BUILDER_KEY_SECRET": "BuilderKeySecret"}
"""The outputs of the stack with the names of its resources, by the variable that passes them to the service."""


class NotPossible(Exception):
    """The account cannot be created. The text says why."""


def main() -> int:
    """Create the account and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.first_account", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--stack", help="name of the CloudFormation stack")
    parser.add_argument("--name", required=True, help="name of the account: the user's name at the identity provider")
    parser.add_argument("--email", default="", help="e-mail address of the account")
    parser.add_argument("--origin", required=True, help="name of an origin that the account owns")
    parser.add_argument("--new-token", action="store_true", help="replace an existing token, which becomes invalid")
    options = parser.parse_args()
    try:
        if options.stack is not None:
            use_stack(options.stack)
        token = first_account(options.name, options.email, options.origin, new_token=options.new_token)
    except NotPossible as problem:
        _say(str(problem))
        return 1
    except (BotoCoreError, ClientError) as problem:
        _say(f"AWS: {problem}")
        return 1
    if token is None:
        _say(f"{options.name} has an access token already; --new-token replaces it")
    else:
        print(token)
    return 0


def use_stack(stack: str) -> None:
    """Let the service use the table and the builder key of a stack, and no other settings. Raises NotPossible."""
    described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", ())}
    for variable in [name for name in os.environ if name.startswith(("BLDR_", "HAB_"))]:
        del os.environ[variable]
    os.environ.update(_names(stack, outputs))


def _names(stack: str, outputs: Mapping[str, str]) -> dict[str, str]:
    missing = [output for output in OUTPUTS.values() if output not in outputs]
    if missing:
        raise NotPossible(
            f"the stack {stack} has no output {missing[0]}: it is not a finished deployment of this project"
        )
    return {variable: outputs[output] for variable, output in OUTPUTS.items()}


def first_account(name: str, email: str, origin: str, *, new_token: bool = False) -> str | None:
    """Create what is missing and return the text of the token, or None if the account has one.

    Raises NotPossible, BotoCoreError, ClientError.
    """
    _demand_plain(name, email)
    try:
        secret = config.config.builder_key_secret
        if builder_key.ensure_builder_key(secret):
            _say(f"generated a builder key in {secret}")
        owner = session.Session(registration.find_or_create(name, email), name, roles.SessionFlags(0))
        _ensure_origin(origin, owner)
        return _ensure_token(owner, new_token)
    except table.StoreUnavailable as problem:
        raise NotPossible(f"the table {config.config.table} is not available: {_cause(problem)}") from problem
    except aws.SecretUnavailable as problem:
        raise NotPossible(f"the secret {problem} cannot be read: {_cause(problem)}") from problem
    except (signed_box.BoxUnreadable, access_token.TokenUnreadable) as problem:
        keys = key_ring.key_source()
        raise NotPossible(f"the builder key in {keys} does not fit {config.config.table}: {problem}") from problem
    except key_ring.BuilderKeyInvalid as problem:
        raise NotPossible(str(problem)) from problem


def _demand_plain(name: str, email: str) -> None:
    """Raise NotPossible for a name or an e-mail address that a sign-in would refuse."""
    if not name or not plain_text.is_plain_name(name):
        raise NotPossible(f"{name!r} is not a name: one line without control characters is needed")
    if not plain_text.is_plain(email):
        raise NotPossible(f"{email!r} is not an e-mail address: it has control characters")


def _ensure_origin(origin: str, owner: session.Session) -> None:
    try:
        origins.create(origin, visibility.Visibility.PUBLIC, owner)
        _say(f"created the origin {origin}")
    except origin_errors.OriginTaken as problem:
        member = table.read(member_rows.member_key(origin, owner.account_id))
        if member is None or member.role != str(roles.Role.OWNER):
            raise NotPossible(f"the origin {origin} belongs to another account") from problem
    except origin_errors.OriginNameInvalid as problem:
        raise NotPossible(f"{origin!r} is not a valid name of an origin") from problem
    except origin_errors.CreationNotAllowed as problem:
        raise NotPossible(f"BLDR_ALLOWED_USERS_FOR_ORIGIN_CREATE does not contain {owner.name}") from problem


def _ensure_token(owner: session.Session, new_token: bool) -> str | None:
    """Return a new token, or None if the account keeps its token."""
    if not new_token and access_tokens.access_token_of(owner.account_id) is not None:
        return None
    return access_tokens.generate_access_token(owner).text


def _cause(problem: BaseException) -> BaseException:
    """Return the innermost cause of an error: the message of AWS."""
    while problem.__cause__ is not None:
        problem = problem.__cause__
    return problem


def _say(text: str) -> None:
    """Print a message to standard error, since standard output is only for the token."""
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
