"""What to do with a stack in each of its states. Interrupted runs leave any of them."""

from dataclasses import dataclass
from enum import Enum, auto


class Step(Enum):
    """The next step with a stack."""

    CREATE = auto()
    UPDATE = auto()
    WAIT = auto()
    DELETE_FIRST = auto()
    REFUSE = auto()


@dataclass(frozen=True)
class Decision:
    """A step, and what to tell the operator about it."""

    step: Step
    text: str = ""


UPDATABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
)
NEVER_CREATED = frozenset({"ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"})
"""The first creation failed. CloudFormation only accepts the deletion of such a stack."""

REPAIRS = {
    "UPDATE_ROLLBACK_FAILED": (
        "its last update failed, and so did the way back. Remove the cause, which the events of the stack name "
        "(aws cloudformation describe-stack-events --stack-name {stack}), then run: "
        "aws cloudformation continue-update-rollback --stack-name {stack}"
    ),
    "UPDATE_FAILED": (
        "its last update stopped half-way. Return to the state before it: "
        "aws cloudformation rollback-stack --stack-name {stack}"
    ),
    "IMPORT_ROLLBACK_FAILED": (
        "an import failed. Run: aws cloudformation continue-update-rollback --stack-name {stack}"
    ),
    "DELETE_FAILED": "its deletion failed. Remove the cause, then repeat: make teardown STAGE={stage}",
}


def decide(status: str | None, stack: str, stage: str) -> Decision:
    """Return the next step with a stack in a state. None: there is no such stack."""
    if status is None or status == "DELETE_COMPLETE":
        return Decision(Step.CREATE)
    if status == "REVIEW_IN_PROGRESS":
        return Decision(Step.CREATE, f"{stack} was prepared by an earlier run and not created")
    if status in UPDATABLE:
        return Decision(Step.UPDATE)
    if status in NEVER_CREATED:
        return Decision(
            Step.DELETE_FIRST, f"{stack} is in {status}: its first creation failed. It is deleted and created again."
        )
    if status.endswith("_IN_PROGRESS"):
        return Decision(Step.WAIT, f"{stack} is in {status}: waiting until CloudFormation has finished")
    repair = REPAIRS.get(status, "this state is unknown; look at the stack in the console")
    return Decision(Step.REFUSE, f"{stack} is in {status}: {repair.format(stack=stack, stage=stage)}")


def has_failed(status: str) -> bool:
    """Return whether a state that a creation or an update ends in means that it failed."""
    return "FAILED" in status or "ROLLBACK" in status
