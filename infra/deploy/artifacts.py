"""The files of a deployment under the names of their digests, so that each build is uploaded once and none changes."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.packaging.templates import translate

LOCAL_ARCHIVE = "./deployment.zip"


@dataclass(frozen=True)
class Artifact:
    """A file and its key in the code bucket."""

    key: str
    content: bytes


@dataclass(frozen=True)
class Build:
    """The archive of the functions and the template that names it."""

    archive: Artifact
    template: Artifact

    @classmethod
    def read(cls, folder: Path, bucket: str, *, expanded: bool) -> "Build":
        """Return the build that `make package` wrote. `expanded`: with the result of AWS's serverless transform.

        Raises FileNotFoundError.
        """
        content = (folder / "deployment.zip").read_bytes()
        archive = Artifact(f"code/{_digest(content)}.zip", content)
        template = with_code(json.loads((folder / "sam.json").read_text()), f"s3://{bucket}/{archive.key}")
        text = json.dumps(translate(template) if expanded else template, indent=1, sort_keys=True).encode()
        return cls(archive, Artifact(f"templates/{_digest(text)}.json", text))


def with_code(template: Any, uri: str) -> Any:
    """Return a template whose functions get their code from an object instead of the local archive."""
    if isinstance(template, dict):
        return {name: with_code(value, uri) for name, value in template.items()}
    if isinstance(template, list):
        return [with_code(value, uri) for value in template]
    return uri if template == LOCAL_ARCHIVE else template


def code_bucket_name(stack: str, account_id: str, region: str) -> str:
    """Return the name of the code bucket: unique among all accounts, and the same in each run."""
    name = f"{stack}-code-{account_id}-{region}".lower()
    if len(name) <= 63:
        return name
    return f"{stack[:25]}-code-{_digest(name.encode())[:24]}".lower()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
