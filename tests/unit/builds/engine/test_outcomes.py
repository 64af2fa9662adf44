"""What becomes of an attempt depends on the job's state, the worker's report and the cause (builds.md 8.4, 8.5, 19)."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.builds.engine.outcomes import Cause, Result, ResultKind, outcome_of
from chalicelib.builds.rows import ATTEMPTS
from chalicelib.core.builds.build_states import EntryState, JobError, JobState

STATES = st.sampled_from(JobState)
CAUSES = st.sampled_from(Cause)
RESULTS = st.none() | st.builds(Result, st.sampled_from(ResultKind), error=st.sampled_from([*JobError, "unknown"]))
ATTEMPT = st.integers(1, ATTEMPTS)
CANCELING = (JobState.CANCEL_PENDING, JobState.CANCEL_PROCESSING)


@given(STATES, ATTEMPT, CAUSES, RESULTS, st.booleans())
def test_an_outcome_is_a_legal_pair_of_states(
    state: JobState, attempt: int, cause: Cause, result: Result | None, group_has_ended: bool
) -> None:
    outcome = outcome_of(state, attempt, cause, result, group_has_ended)
    if state.is_final or outcome is None:
        assert outcome is None
        return
    pairs = {
        JobState.COMPLETE: EntryState.COMPLETE,
        JobState.FAILED: EntryState.FAILED,
        JobState.CANCEL_COMPLETE: EntryState.CANCELED,
        JobState.PENDING: EntryState.RUNNING,
    }
    assert pairs[outcome.job] is outcome.entry
    assert (outcome.error is not None) == (outcome.job is JobState.FAILED)
    assert outcome.is_another_attempt == (outcome.job is JobState.PENDING)


@given(st.sampled_from(CANCELING), ATTEMPT, CAUSES, RESULTS, st.booleans())
def test_a_canceled_job_never_completes_and_is_never_tried_again(
    state: JobState, attempt: int, cause: Cause, result: Result | None, group_has_ended: bool
) -> None:
    outcome = outcome_of(state, attempt, cause, result, group_has_ended)
    assert outcome is None or outcome.job is JobState.CANCEL_COMPLETE


@given(ATTEMPT, st.sampled_from([Cause.REPORTED, Cause.LOST]), st.none() | st.just(Result(ResultKind.RETURNED)))
def test_only_the_last_attempt_fails_after_a_loss(attempt: int, cause: Cause, result: Result | None) -> None:
    outcome = outcome_of(JobState.DISPATCHED, attempt, cause, result, False)
    assert outcome is not None
    assert outcome.is_another_attempt == (attempt < ATTEMPTS)
    if attempt == ATTEMPTS:
        assert outcome.error is JobError.TIMEOUT


@given(ATTEMPT, st.sampled_from([Cause.REPORTED, Cause.LOST]))
def test_a_job_of_an_ended_group_is_not_tried_again(attempt: int, cause: Cause) -> None:
    outcome = outcome_of(JobState.PROCESSING, attempt, cause, None, True)
    assert outcome is not None
    assert outcome.job is JobState.CANCEL_COMPLETE


@given(CAUSES, st.sampled_from(JobError), st.booleans())
def test_a_report_counts_more_than_the_cause(cause: Cause, error: JobError, group_has_ended: bool) -> None:
    complete = outcome_of(JobState.DISPATCHED, 1, cause, Result(ResultKind.COMPLETE), group_has_ended)
    failed = outcome_of(JobState.DISPATCHED, 1, cause, Result(ResultKind.FAILED, error=error), group_has_ended)
    assert complete is not None
    assert failed is not None
    assert complete.job is JobState.COMPLETE
    assert (failed.job, failed.error) == (JobState.FAILED, error)


@given(CAUSES, RESULTS)
def test_only_the_queue_time_ends_a_waiting_job(cause: Cause, result: Result | None) -> None:
    outcome = outcome_of(JobState.PENDING, 1, cause, result, False)
    assert (outcome is not None) == (cause is Cause.NEVER_CLAIMED)
