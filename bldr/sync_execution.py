"""Execute a sync plan. Every step is idempotent, so an interrupted sync can be run again."""

import threading
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from bldr.archives import Archive, read_signing_key
from bldr.errors import PackageMissing
from bldr.locations import Destination, Source
from bldr.packages import Membership, PackageDetails
from bldr.parallel import run_all, run_in_order
from bldr.progress import ProgressReporter, report_errors
from bldr.sync_plan import DesiredState, SyncPlan, possible_promotions
from chalicelib.core.keys.named_revision import NamedRevision

K = TypeVar("K", bound=Hashable)


class SyncExecution:
    """Runs the steps of a plan in up to `jobs` threads, and reports each step."""

    def __init__(self, source: Source, destination: Destination, progress: ProgressReporter, jobs: int) -> None:
        self._source, self._destination, self._progress, self._jobs = source, destination, progress, jobs
        self._key_lock = threading.Lock()
        self._transferred_keys: set[NamedRevision] = set()

    def run(self, plan: SyncPlan, desired: DesiredState) -> int:
        """Run all steps and return how many failed or were left out.

        Packages are transferred dependencies first, and promoted if all their dependencies arrived. No package is
        demoted if a step failed.
        """
        try:
            failures = self._add(plan, desired)
            if plan.demotions and failures:
                self._progress.report("not pruned, because some steps failed")
                return failures + len(plan.demotions)
            return failures + self._run_all(plan.demotions, self._demote, lambda each: f"demote {each.package}")
        finally:
            self._destination.close()

    def _add(self, plan: SyncPlan, desired: DesiredState) -> int:
        """Transfer packages, create channels and promote; return how many steps failed or were left out."""
        transfers = {details.package: details for details in plan.transfers}
        errors = run_in_order(plan.dependencies, lambda package: self._transfer(transfers[package]), self._jobs)
        failures = report_errors(self._progress, errors)
        promotions = possible_promotions(plan, desired, errors)
        failures += len(plan.promotions) - len(promotions)
        failures += self._run_all(plan.channels, self._create_channel, lambda pair: f"create channel {pair[1]}")
        return failures + self._run_all(promotions, self._promote, lambda each: f"promote {each.package}")

    def _run_all(self, steps: Iterable[K], run: Callable[[K], object], label: Callable[[K], str]) -> int:
        return report_errors(self._progress, run_all(steps, run, self._jobs), label)

    def _transfer(self, details: PackageDetails) -> None:
        path = self._source.archive(details, self._destination.staging, self._progress)
        signing_key = read_signing_key(path)
        self._transfer_key(signing_key)
        self._destination.put(Archive(path, details, path.stat().st_size, signing_key), self._progress)
        self._progress.report(f"transferred {details.package}")

    def _transfer_key(self, name: NamedRevision) -> None:
        """Transfer a signing key once. Raises PackageMissing if the source does not have it."""
        with self._key_lock:
            if name in self._transferred_keys:
                return
            if not self._destination.has_key(name):
                key = self._source.key(name)
                if key is None:
                    raise PackageMissing(f"{self._source} lacks signing key {name}; upload the key there")
                self._destination.put_key(key)
                self._progress.report(f"transferred key {name}")
            self._transferred_keys.add(name)

    def _create_channel(self, pair: tuple[str, str]) -> None:
        self._destination.create_channel(*pair)

    def _promote(self, membership: Membership) -> None:
        self._destination.promote(membership.package, membership.channel)
        self._progress.report(f"promoted {membership.package} to {membership.channel}")

    def _demote(self, membership: Membership) -> None:
        self._destination.demote(membership.package, membership.channel)
        self._progress.report(f"demoted {membership.package} from {membership.channel}")
