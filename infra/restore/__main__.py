"""`python -m infra.restore --from-stack STACK --at TIME --stack NEW`: make a stack from a copy of another one's past.

Restores the table to the time, copies the objects that its rows name, makes a stack of both, and compares them with the
source. A repeat continues where an interrupted run has stopped. The source is only read. Needs the operator's AWS
credentials (docs/OPERATIONS.md, "Restoring").
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from infra.restore import new_stack, object_copy, table_copy, verification
from infra.restore.source import OUTPUTS, Copies, NotPossible, Source, copies_of, source_of

STEPS = ("copy", "create", "verify")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the steps and return the exit status. The arguments are those of the command by default."""
    options = _options(arguments)
    try:
        source = _source(options)
        copies = copies_of(source, options.stack, options.at)
        return _run(options, source, copies)
    except NotPossible as problem:
        _say(str(problem))
    except (BotoCoreError, ClientError) as problem:
        _say(f"AWS: {problem}")
    return 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.restore", description=(__doc__ or "").partition(": ")[2].partition("\n")[0]
    )
    parser.add_argument("step", nargs="?", choices=STEPS, help="carry out only this step")
    parser.add_argument("--at", required=True, type=_time, help="the time, such as 2026-11-27T12:00:00Z")
    parser.add_argument("--stack", required=True, help="name of the new stack")
    parser.add_argument("--from-stack", help="name of the stack to restore")
    for field, output in OUTPUTS.items():
        name = f"--{field.replace('_', '-')}"
        parser.add_argument(name, help=f"instead of the output {output} of --from-stack, if that stack is gone")
    parser.add_argument("--hash", action="store_true", help="verify: read all archives and compare their checksums")
    parser.add_argument(
        "--source-changed",
        action="store_true",
        help="verify: the source was changed after the time, so its table may differ from the copy",
    )
    return parser.parse_args(arguments)


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{text} is not a time") from problem
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no zone; for UTC, append Z")
    return at


def _source(options: argparse.Namespace) -> Source:
    given = {field: getattr(options, field) for field in OUTPUTS}
    if options.from_stack is not None:
        if any(given.values()):
            raise NotPossible("name either --from-stack or its resources")
        return source_of(options.from_stack)
    missing = [field for field, name in given.items() if name is None]
    if missing:
        raise NotPossible(f"--from-stack or --{missing[0].replace('_', '-')} is missing")
    return Source(**given)


def _run(options: argparse.Namespace, source: Source, copies: Copies) -> int:
    wanted = STEPS if options.step is None else (options.step,)
    if "copy" in wanted:
        _copy(source, copies, options.at)
    if "create" in wanted:
        new_stack.create(source, copies)
        for setting in new_stack.settings_off(copies):
            _say(f"warning: {setting} is off")
        _say(f"the stack {copies.stack} has the copies; deploy it to complete it")
    if "verify" in wanted:
        return _verify(options, source, copies)
    return 0


def _copy(source: Source, copies: Copies, at: datetime) -> None:
    """Copy table and objects. DynamoDB restores the table while S3 copies the objects."""
    table_copy.begin(source.table, copies.table, at)
    _say(f"restoring {source.table} to {copies.table}")
    object_copy.create_bucket(copies.bucket)
    result = object_copy.copy_objects(source.bucket, copies.bucket, at)
    _say(f"{copies.bucket}: {result.copied:,} objects copied, {result.present:,} were there")
    table_copy.wait(copies.table)
    _say(f"{copies.table} is complete")


def _verify(options: argparse.Namespace, source: Source, copies: Copies) -> int:
    report = verification.compare(source, copies, hashed=options.hash)
    for line in report.lines():
        print(line)
    return 0 if report.is_whole and (report.is_equal or options.source_changed) else 1


def _say(text: str) -> None:
    """Print a message to standard error; standard output is for the report."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
