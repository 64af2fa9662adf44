"""Publish what a job has built (builds.md 9.2, step 7): upload, channel of the group, promotion."""

from collections.abc import Callable
from pathlib import Path

from bldr.archives import read_archive
from bldr.client import Builder
from bldr.errors import ChangeRefused
from bldr.packages import Package
from bldr.progress import ignore_progress
from bldr.uploads import UploadOptions, upload_archive
from bldr.worker.retrying import StepRetries, with_retries
from bldr.worker.stopping import StopSignal

FROM_WORKER = UploadOptions(from_worker=True)


class Publisher:
    """Publishes archives with the token of a job. `note` receives a line for each step."""

    def __init__(self, builder: Builder, retries: StepRetries, stop: StopSignal, note: Callable[[str], None]) -> None:
        self._builder, self._retries, self._stop, self._note = builder, retries, stop, note

    def publish(self, package: Package, archive: Path, channel: str) -> None:
        """Upload an archive and promote it to a channel. Raises BldrError, Stopped."""
        self._note(f"uploading {package}")
        self._repeat(lambda: self._upload(package, archive))
        if channel:
            self._repeat(lambda: self._builder.create_channel(package.origin, channel))
            self._repeat(lambda: self._builder.promote(package, channel))
            self._note(f"promoted {package} to {channel}")

    def _upload(self, package: Package, path: Path) -> None:
        try:
            upload_archive(self._builder, read_archive(path), FROM_WORKER, ignore_progress)
        except ChangeRefused:  # the contract counts any conflict as success
            self._note(f"{package} exists already, with different bytes; the published one is used")

    def _repeat(self, task: Callable[[], None]) -> None:
        with_retries(self._retries, self._stop, task, self._note)
