"""The steps of a deployment. Each run does those that are missing, so an interrupted run is simply repeated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.deploy import cdn_keys, changes, first_steps, history, progress, questions
from infra.deploy.answers import Answers
from infra.deploy.artifacts import Build
from infra.deploy.aws import Account, endpoint, parameters_of
from infra.deploy.code_bucket import CodeBucket
from infra.deploy.history import Deployed
from infra.deploy.problems import NotPossible
from infra.deploy.stack_update import ChangeSet, StackUpdate
from infra.deploy.states import Step, decide, has_failed

LOCAL = Answers(name="demo", email="demo@example.com", origin="demo")
"""The first account on a stand-in, unless the operator names another one, as with `make run`."""


@dataclass(frozen=True)
class Options:
    """How to deploy."""

    stage: str
    stack: str
    build: Path
    dry_run: bool = False
    rollback: bool = False
    allowed: Sequence[str] = field(default_factory=list)
    """Resources whose content may be lost."""


class Deployment:
    """One run of `make deploy`. `say` prints a line for the operator."""

    def __init__(self, account: Account, code: CodeBucket, terminal: questions.Terminal, say: Callable[[str], None]):
        self._account = account
        self._code = code
        self._terminal = terminal
        self._say = say

    def run(self, options: Options, answers: Answers) -> None:
        """Deploy, or show what a deployment would change. Raises NotPossible."""
        stack = self._settled(options)
        answers = self._completed(stack, answers, options)
        template, parameters = self._wanted(stack, answers, options)
        update = StackUpdate(self._account, options.stack, self._say)
        change_set = update.prepare(template, parameters, creates=stack is None)
        if options.dry_run:
            self._say("no changes" if change_set is None else changes.described(change_set.changes))
            update.discard(change_set, creates=stack is None)
            return
        if change_set is None:
            self._say("no changes")
        else:
            self._apply(update, change_set, options)
        self._finish(options, answers, template)

    def _settled(self, options: Options) -> dict[str, Any] | None:
        """Return the stack when CloudFormation does not work on it, or None if it must be created."""
        while True:
            stack = self._account.stack(options.stack)
            status = None if stack is None else str(stack["StackStatus"])
            decision = decide(status, options.stack, options.stage)
            if decision.text and decision.step is not Step.REFUSE:
                self._say(decision.text)
            if decision.step is Step.REFUSE:
                raise NotPossible(decision.text)
            if decision.step is Step.UPDATE:
                return stack
            if decision.step is Step.CREATE:
                return None
            if decision.step is Step.DELETE_FIRST:
                if options.dry_run:
                    raise NotPossible(f"{options.stack} must be deleted first, which a dry run does not do")
                self._account.stacks.delete_stack(StackName=options.stack)
            progress.wait(self._account, str((stack or {})["StackId"]), self._say)

    def _completed(self, stack: Mapping[str, Any] | None, answers: Answers, options: Options) -> Answers:
        """Return the answers with those to questions that are still open."""
        if options.dry_run or options.rollback:
            return answers
        if stack is None:
            answers = questions.ask_parameters(answers, self._terminal)
        if self._code.exists() and first_steps.has_account(self._code, stack):
            return answers
        if endpoint() is not None and not self._terminal.asks:
            answers = answers.over(LOCAL)
        return questions.ask_account(answers, self._terminal)

    def _wanted(
        self, stack: Mapping[str, Any] | None, answers: Answers, options: Options
    ) -> tuple[str, Mapping[str, str]]:
        """Return the key of the template to deploy, and the parameters that this run decides."""
        if options.rollback:
            return self._before(stack, options)
        try:
            build = Build.read(options.build, self._code.name, expanded=endpoint() is not None)
        except FileNotFoundError as problem:
            raise NotPossible(f"{problem.filename} is missing: run `make package STAGE={options.stage}`") from problem
        if self._code.ensure():
            self._say(f"created the bucket {self._code.name}")
        for key in self._code.upload([build.archive, build.template]):
            self._say(f"uploaded {key}")
        return build.template.key, {**answers.parameters, **self._signing_key(stack, answers, options)}

    def _before(self, stack: Mapping[str, Any] | None, options: Options) -> tuple[str, Mapping[str, str]]:
        past = self._past(options.stack) if self._code.exists() else []
        earlier = history.previous(past)
        if stack is None or earlier is None:
            raise NotPossible(f"there is no earlier deployment of {options.stack} to return to")
        self._code.demand(earlier.template)
        self._say(f"returning to the deployment of {earlier.at}")
        return earlier.template, earlier.parameters

    def _signing_key(self, stack: Mapping[str, Any] | None, answers: Answers, options: Options) -> Mapping[str, str]:
        """Return the public key of a new signing key, if downloads by CloudFront are wanted and have none."""
        current = parameters_of(stack or {})
        has_key = any(current.get(name) or answers.parameters.get(name) for name in ("CdnPublicKey", "CdnPublicKeyB"))
        if not answers.cdn or has_key or options.dry_run:
            return {}
        return {"CdnPublicKey": cdn_keys.prepare(self._account, options.stack, "A")}

    def _apply(self, update: StackUpdate, change_set: ChangeSet, options: Options) -> None:
        creates = change_set.creates
        self._say(changes.described(change_set.changes))
        lost = changes.dangers(change_set.changes, options.allowed)
        if lost:
            update.discard(change_set, creates=creates)
            names = ", ".join(f"{change.danger} {change.name}" for change in lost)
            flags = " ".join(f"--allow-loss {change.name}" for change in lost)
            raise NotPossible(f"this update loses data: {names}. Nothing was changed. To do it anyway, add {flags}")
        if not creates and not self._terminal.agrees("Apply these changes?", unasked=True):
            update.discard(change_set, creates=creates)
            raise NotPossible("nothing was changed")
        status = update.execute(change_set)
        if has_failed(status):
            again = f"make deploy STAGE={options.stage}"
            raise NotPossible(f"{options.stack} ended in {status}. Remove the cause above, then repeat: {again}")
        self._say(f"{options.stack} is in {status}")

    def _finish(self, options: Options, answers: Answers, template: str) -> None:
        stack = self._account.stack(options.stack) or {}
        past = self._past(options.stack)
        entry = history.recorded(past, template, parameters_of(stack), datetime.now(UTC))
        if len(entry) != len(past) or not past or entry[0]["at"] != past[0].at:
            self._code.write_json(_history(options.stack), entry)
        if not stack.get("EnableTerminationProtection"):
            self._account.stacks.update_termination_protection(
                StackName=options.stack, EnableTerminationProtection=True
            )
        for line in first_steps.fill_secrets(self._account, stack, self._terminal, answers.client_secret_file):
            self._say(line)
        if options.rollback or first_steps.has_account(self._code, stack):
            self._say(f"the depot is at {first_steps.url_of(stack)}")
            return
        if answers.name is None:
            again = f"make deploy STAGE={options.stage} ACCOUNT=NAME ORIGIN=ORIGIN"
            self._say(f"the depot has no account yet: {again}")
            return
        token = first_steps.create_account(self._code, stack, answers)
        self._say(first_steps.greeting(stack, answers.origin or answers.name, token, options.stage))

    def _past(self, stack: str) -> list[Deployed]:
        return history.parse(self._code.read_json(_history(stack)) or ())


def _history(stack: str) -> str:
    return f"history/{stack}.json"
