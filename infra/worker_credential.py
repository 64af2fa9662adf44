"""`python -m infra.worker_credential --stack STACK --name NAME --target TARGET`: workers that build for all origins.

Prints the token of a new worker to standard output, once. `--list` shows the workers without their tokens, `--revoke`
deletes one. Workers of a single origin are made by its administrators (`POST /workers/{origin}`).

Needs the operator's AWS credentials with the action DescribeStacks on the stack, and reads and writes of the table.
Without `--stack`, the BLDR_ variables name the table, as for the embedded stack.
"""

from __future__ import annotations

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.deferred import deferred
from infra.first_account import NotPossible, use_stack

# These modules read the environment when they run, and `main` completes it first.
with deferred():
    from chalicelib.builds.workers import errors, service
    from chalicelib.identity import worker_rows
    from chalicelib.platform import config, table


def main() -> int:
    """Create, list or revoke workers of all origins, and return the exit status."""
    options = _options()
    try:
        if options.stack is not None:
            use_stack(options.stack)
        if options.list:
            _list()
        elif options.revoke is not None:
            _revoke(options.revoke)
        else:
            print(worker_credential(options.name, options.target))
    except NotPossible as problem:
        print(problem, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as problem:
        print(f"AWS: {problem}", file=sys.stderr)
        return 1
    except table.StoreUnavailable:
        print(f"the table {config.config.table} is not available", file=sys.stderr)
        return 1
    return 0


def worker_credential(name: str, targets: list[str]) -> str:
    """Create a worker that gets the jobs of all origins, and return its token. Raises NotPossible."""
    try:
        return service.make_for_all_origins(service.NewWorker.checked(name, targets))[1]
    except errors.WorkerInvalid as problem:
        raise NotPossible(str(problem)) from problem


def ensure_depot_worker() -> str:
    """Return the token of the worker of the local stack, which replaces that of an earlier start."""
    return service.ensure_depot_worker()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.worker_credential", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--stack", help="name of the CloudFormation stack")
    parser.add_argument("--name", help="label of the new worker")
    parser.add_argument("--target", action="append", default=[], help="target of the new worker; may be repeated")
    parser.add_argument("--list", action="store_true", help="list the workers of all origins")
    parser.add_argument("--revoke", type=int, metavar="ID", help="delete a worker; its token becomes invalid at once")
    options = parser.parse_args()
    if not options.list and options.revoke is None and not (options.name and options.target):
        parser.error("--name and --target are needed, or --list, or --revoke")
    return options


def _list() -> None:
    for row in worker_rows.workers_of(worker_rows.ALL_ORIGINS):
        print(f"{int(row.id)}\t{row.name}\t{row.targets}\t{row.created_at}")


def _revoke(worker_id: int) -> None:
    try:
        service.revoke_for_all_origins(worker_id)
    except errors.WorkerMissing as problem:
        raise NotPossible(f"there is no worker {worker_id} of all origins") from problem


if __name__ == "__main__":
    sys.exit(main())
