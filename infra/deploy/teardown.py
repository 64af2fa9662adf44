"""`python -m infra.deploy.teardown --stage STAGE`: delete a stage (`make teardown`).

CloudFormation keeps table, bucket and secrets. The command says how to remove them; `--everything` removes them, too.
"""

import argparse
import sys
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import progress, removal
from infra.deploy.artifacts import code_bucket_name
from infra.deploy.aws import Account, endpoint, use_stand_in
from infra.deploy.code_bucket import CodeBucket
from infra.deploy.problems import NotPossible, explained

Ask = Callable[[str], str]
Say = Callable[[str], None]


def main() -> int:
    """Delete a stage and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy.teardown", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--stage", default="dev", help="the stage to delete (default %(default)s)")
    parser.add_argument("--stack", help="name of the stack (default bldr-STAGE)")
    parser.add_argument("--everything", action="store_true", help="also delete table, bucket, secrets and code bucket")
    options = parser.parse_args()
    if endpoint() is not None:
        use_stand_in()
    try:
        teardown(Account(), options.stack or f"bldr-{options.stage}", everything=options.everything)
    except NotPossible as problem:
        print(problem, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as problem:
        print(explained(problem), file=sys.stderr)
        return 1
    except (EOFError, KeyboardInterrupt):
        print("\nended; repeat the command to go on", file=sys.stderr)
        return 130
    return 0


def teardown(account: Account, stack: str, *, everything: bool, ask: Ask = input, say: Say = print) -> None:
    """Delete a stack after the operator has typed its name. Any run may be interrupted and repeated.

    Raises NotPossible, EOFError if nothing can be typed.
    """
    code = CodeBucket(account, code_bucket_name(stack, account.id, account.region))
    found = account.stack(stack)
    kept = removal.read(code)
    if found is not None:
        kept = removal.merged(kept, removal.kept_by(account, str(found["StackId"])))
        _demand_typed(stack, f"This deletes the functions and the API of {stack}. Its data is kept.", ask)
        code.ensure()
        removal.write(code, kept)
        _delete(account, stack, say)
    elif not kept and not code.exists():
        raise NotPossible(f"there is no stack {stack}")
    if not everything:
        say(
            "\n".join([f"{stack} is deleted. These resources stay, with all data:", *removal.commands(kept, code.name)])
        )
        return
    _demand_typed(f"delete all data of {stack}", "This deletes all packages, keys and accounts, for ever.", ask)
    removal.remove_all(account, kept, code.name, say)


def _demand_typed(text: str, warning: str, ask: Ask) -> None:
    if ask(f"{warning} To continue, type: {text}\n> ").strip() != text:
        raise NotPossible("nothing was deleted")


def _delete(account: Account, stack: str, say: Say) -> None:
    account.stacks.update_termination_protection(StackName=stack, EnableTerminationProtection=False)
    known, arn = progress.latest_event(account, stack), str((account.stack(stack) or {})["StackId"])
    account.stacks.delete_stack(StackName=arn)
    status = progress.wait(account, arn, say, known)
    if status != "DELETE_COMPLETE":
        raise NotPossible(f"{stack} ended in {status}. Remove the cause above, then repeat the command")


if __name__ == "__main__":
    sys.exit(main())
