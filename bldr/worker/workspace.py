"""The folders of a job (builds.md 9.2, step 1), and what their files may cost."""

import os
import shutil
import stat
from pathlib import Path

from msgspec import Struct

FOLDERS = ("src", "out", "studio", "keys")
PRIVATE = 0o700


class Workspace(Struct, frozen=True):
    """The folder of one job, `<work folder>/<job id>`. Only the user of the worker may enter it."""

    root: Path

    @classmethod
    def create(cls, work_folder: Path, job_id: str) -> "Workspace":
        """Create the folders of a job, without anything of an earlier attempt. Raises OSError."""
        workspace = cls(work_folder / job_id)
        workspace.remove()
        workspace.root.mkdir(parents=True, mode=PRIVATE)
        for name in FOLDERS:
            (workspace.root / name).mkdir(mode=PRIVATE)
        return workspace

    @property
    def src(self) -> Path:
        """The checkout."""
        return self.root / "src"

    @property
    def out(self) -> Path:
        """The results of the build."""
        return self.root / "out"

    @property
    def studio(self) -> Path:
        """Scratch space of the build."""
        return self.root / "studio"

    @property
    def keys(self) -> Path:
        """The secret key of the origin, which no build can read in isolation."""
        return self.root / "keys"

    def remove(self) -> None:
        """Remove the folder and all that it contains. Raises OSError."""
        if self.root.is_symlink():
            self.root.unlink()
        if not self.root.exists():
            return
        try:
            shutil.rmtree(self.root)
        except PermissionError:
            _make_writable(self.root)
            shutil.rmtree(self.root)

    def has_more_than(self, limit: int) -> bool:
        """Return whether the files take more than a number of bytes on disk. Ends the count at the limit."""
        total = 0
        folders = [str(self.root)]
        while folders:
            try:
                entries = list(os.scandir(folders.pop()))
            except OSError:  # removed meanwhile, or closed by the build
                continue
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                total += status.st_blocks * 512 + 256  # an empty file takes space too
                if stat.S_ISDIR(status.st_mode):
                    folders.append(entry.path)
            if total > limit:
                return True
        return False


def _make_writable(folder: Path) -> None:
    """Let the owner remove files from folders that the build has made read-only."""
    folder.chmod(PRIVATE)
    for parent, folders, _ in os.walk(folder):
        for path in (Path(parent, name) for name in folders):
            if not path.is_symlink():
                path.chmod(PRIVATE)
