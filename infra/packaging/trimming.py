"""Removes from an archive what the functions never use, such as models of other AWS services, and type stubs."""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

from chalicelib.platform.aws_services import SERVICES

UNUSED_PACKAGES = ("cffi", "pycparser")
"""PyNaCl and cryptography need only cffi's compiled module; these two generate code of other bindings."""

UNUSED_FILES = ("*.pyi", "*.h", "*.typed", "examples-1.json")
KEPT_METADATA = "METADATA"
"""The file that names a package and its version, for `importlib.metadata` and for scanners of vulnerabilities."""


def trim(folder: Path) -> None:
    """Remove what the functions never use."""
    for name in UNUSED_PACKAGES:
        shutil.rmtree(folder / name)
    for pattern in UNUSED_FILES:
        for path in list(folder.rglob(pattern)):
            _remove(path)
    for metadata in folder.glob("*.dist-info"):
        for path in metadata.iterdir():
            if path.name != KEPT_METADATA:
                _remove(path)
    for package in ("botocore", "boto3"):
        trim_models(folder / package / "data")


def trim_models(models: Path) -> None:
    """Keep the newest models of the services that the functions call, in the form that is read fastest.

    botocore parses the models when it creates a client. Without the descriptions of operations, and uncompressed, this
    takes a third of the time.
    """
    for folder in [path for path in models.iterdir() if path.is_dir()]:
        if folder.name not in SERVICES:
            shutil.rmtree(folder)
            continue
        for older in sorted(folder.iterdir())[:-1]:
            shutil.rmtree(older)
    prefixes = {_write_plain(path).get("metadata", {}).get("endpointPrefix") for path in sorted(models.rglob("*.gz"))}
    endpoints = models / "endpoints.json"
    if endpoints.exists():
        _keep_endpoints(endpoints, prefixes)


def _write_plain(compressed: Path) -> dict[str, Any]:
    """Replace a compressed model by a file without descriptions, and return the model."""
    model: dict[str, Any] = without_descriptions(json.loads(gzip.decompress(compressed.read_bytes())))
    compressed.with_suffix("").write_text(json.dumps(model, separators=(",", ":")))
    compressed.unlink()
    return model


def without_descriptions(model: Any) -> Any:
    """Return a model without its texts for people. A member named `documentation` stays: its value is not a text."""
    if isinstance(model, dict):
        return {
            name: without_descriptions(value)
            for name, value in model.items()
            if not (name in ("documentation", "documentationUrl") and isinstance(value, str))
        }
    if isinstance(model, list):
        return [without_descriptions(value) for value in model]
    return model


def _keep_endpoints(path: Path, prefixes: set[str | None]) -> None:
    """Keep the endpoints of some services in botocore's list of all."""
    endpoints = json.loads(path.read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: one for name, one in partition["services"].items() if name in prefixes}
    path.write_text(json.dumps(endpoints, separators=(",", ":")))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
