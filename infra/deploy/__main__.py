"""`python -m infra.deploy --stage STAGE`: create or update a stage (`make deploy`, `make upgrade`, `make rollback`)."""

import argparse
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.answers import EXAMPLE, Answers, parameters_of, read_answers
from infra.deploy.artifacts import code_bucket_name
from infra.deploy.aws import Account, endpoint, use_stand_in
from infra.deploy.code_bucket import CodeBucket
from infra.deploy.deployment import Deployment, Options
from infra.deploy.problems import NotPossible, explained
from infra.deploy.questions import Terminal


def main() -> int:
    """Deploy and return the exit status."""
    given = _parser().parse_args()
    try:
        deploy(given)
    except NotPossible as problem:
        print(problem, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as problem:
        print(explained(problem), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\ninterrupted. CloudFormation continues what it has begun; repeat the command to go on.", file=sys.stderr
        )
        return 130
    return 0


def deploy(given: argparse.Namespace) -> None:
    """Deploy as the options say. Raises NotPossible, BotoCoreError, ClientError."""
    file = given.answers or Path("deploy") / f"{given.stage}.toml"
    answers = _answers(given).over(read_answers(file, needed=given.answers is not None))
    if endpoint() is not None:
        use_stand_in()
        _say(f"deploying to the stand-in for AWS at {endpoint()}")
    stack, account = given.stack or f"bldr-{given.stage}", Account()
    code = CodeBucket(account, code_bucket_name(stack, account.id, account.region))
    options = Options(given.stage, stack, given.build, given.dry_run, given.rollback, given.allow_loss)
    terminal = Terminal.of_process(may_ask=not given.no_input)
    Deployment(account, code, terminal, _say).run(options, answers)


def _answers(given: argparse.Namespace) -> Answers:
    return Answers(
        parameters_of(given.parameter), given.name, given.email, given.origin, given.cdn, given.client_secret_file
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy",
        description=(__doc__ or "").partition("\n")[0],
        epilog=f"The file deploy/STAGE.toml can hold the decisions, but no secrets:\n\n{EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", default="dev", help="a stage of .chalice/config.json (default %(default)s)")
    parser.add_argument("--stack", help="name of the stack (default bldr-STAGE)")
    parser.add_argument("--build", type=Path, default=Path("build"), help="folder of `make package` (default build)")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="file of decisions (default deploy/STAGE.toml)")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the stack")
    parser.add_argument("--name", help="name of the first account: the user's name at the identity provider")
    parser.add_argument("--email", help="e-mail address of the first account")
    parser.add_argument("--origin", help="origin that the first account owns")
    parser.add_argument("--cdn", action=argparse.BooleanOptionalAction, help="serve large archives from CloudFront")
    parser.add_argument("--client-secret-file", type=Path, metavar="FILE", help="client secret of the provider")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    parser.add_argument("--rollback", action="store_true", help="return to the deployment before the present one")
    parser.add_argument("--allow-loss", action="append", default=[], metavar="RESOURCE", help="allow the loss of data")
    parser.add_argument("--no-input", action="store_true", help="ask nothing and apply changes, as without a terminal")
    return parser


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
