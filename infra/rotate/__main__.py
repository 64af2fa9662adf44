"""`python -m infra.rotate builder-key|cdn --stack STACK`: rotate keys of a deployment (docs/OPERATIONS.md)."""

from __future__ import annotations

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.deferred import deferred
from infra.deploy.aws import Account, endpoint, outputs_of, use_stand_in
from infra.deploy.problems import NotPossible, explained
from infra.rotate.cdn import PUBLIC_KEYS, CdnRotation

# These modules read the environment when they run, and `use_stack` completes it first.
with deferred():
    from chalicelib.platform import table
    from infra import first_account
    from infra.rotate import builder_key


def main() -> int:
    """Do a step of a rotation and return the exit status."""
    options = _options()
    if endpoint() is not None:
        use_stand_in()
    try:
        if options.kind == "cdn":
            _rotate_cdn(options)
        else:
            _rotate_builder_key(options)
    except NotPossible as problem:
        print(problem, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as problem:
        print(explained(problem), file=sys.stderr)
        return 1
    except table.StoreUnavailable as problem:
        print(f"the table is not available: {problem.__cause__}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; repeat the command to continue", file=sys.stderr)
        return 130
    return 0


def _rotate_cdn(options: argparse.Namespace) -> None:
    rotation = CdnRotation(Account(), options.stack, print)
    if options.step == "add":
        rotation.add()
    elif options.step == "switch":
        rotation.switch(options.slot)
    else:
        rotation.remove(options.slot)


def _rotate_builder_key(options: argparse.Namespace) -> None:
    account = Account()
    found = account.stack(options.stack)
    if found is None:
        raise NotPossible(f"there is no stack {options.stack}")
    first_account.use_stack(options.stack)
    outputs = outputs_of(found)
    secret, name = builder_key.BuilderKeySecret(account, outputs["BuilderKeySecret"]), outputs["TableName"]
    if options.remove_old:
        builder_key.remove_old(secret, account.tables, name, print, revoke_tokens=options.revoke_tokens)
        return
    keys = builder_key.add_key(secret, print, another=options.another)
    builder_key.wait(keys, print)
    if not builder_key.seal_again(account.tables, name, keys, print).is_complete:
        raise NotPossible("not all values are sealed with the new key")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.rotate", description=(__doc__ or "").partition("\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    key = kinds.add_parser("builder-key", help="add a builder key and seal all values with it")
    key.add_argument("--another", action="store_true", help="add a key although the secret has several")
    key.add_argument("--remove-old", action="store_true", help="remove all keys but the newest, if no row needs them")
    key.add_argument("--revoke-tokens", action="store_true", help="with --remove-old: delete access tokens of old keys")
    cdn = kinds.add_parser("cdn", help="replace the key that signs download URLs, in three steps")
    cdn.add_argument("step", choices=["add", "switch", "remove"])
    cdn.add_argument("--slot", choices=list(PUBLIC_KEYS), help="for switch and remove")
    for each in (key, cdn):
        each.add_argument("--stack", required=True, help="name of the stack")
    options = parser.parse_args()
    if options.kind == "cdn" and options.step != "add" and options.slot is None:
        parser.error(f"{options.step} needs --slot")
    return options


if __name__ == "__main__":
    sys.exit(main())
