"""The manifest of a mirror folder."""

import codecs
import json
from typing import Any

import pytest
from msgspec.structs import replace

from bldr.errors import PathUnusable
from bldr.manifest import Manifest
from bldr.packages import PackageDetails
from tests.bldr.builders import a_package

BASE = PackageDetails(a_package(1), "a" * 64)
TOOL = PackageDetails(a_package(2), "b" * 64, (a_package(1).ident,), frozenset({"stable", "prod"}))


def test_a_manifest_is_read_as_it_was_written() -> None:
    content = Manifest((TOOL, BASE)).encode()

    assert Manifest.parse(content, "manifest.json") == Manifest((BASE, TOOL))
    assert Manifest.parse(codecs.BOM_UTF8 + content, "manifest.json") == Manifest((BASE, TOOL))
    assert json.loads(content)["packages"][1] == {
        "ident": "acme/p2/1/20240101000000",
        "target": "x86_64-linux",
        "file": "harts/acme-p2-1-20240101000000-x86_64-linux.hart",
        "checksum": "b" * 64,
        "channels": ["prod", "stable"],
        "tdeps": ["acme/p1/1/20240101000000"],
    }


def test_the_same_packages_always_give_the_same_bytes() -> None:
    reordered = replace(TOOL, channels=frozenset({"prod", "stable"}))

    assert Manifest((TOOL, BASE)).encode() == Manifest((BASE, reordered)).encode()


@pytest.mark.parametrize(
    "change",
    [
        {"ident": "acme/p2"},
        {"ident": "acme/p2/1\\2/3"},
        {"target": "vax-vms"},
        {"checksum": "b"},
        {"channels": None},
        {"tdeps": ["acme/p1/1/\\1"]},
    ],
)
def test_an_invalid_entry_is_refused(change: dict[str, Any]) -> None:
    file = json.loads(Manifest((TOOL,)).encode())
    file["packages"][0] |= change

    with pytest.raises(PathUnusable, match=r"manifest\.json is not the manifest of a mirror"):
        Manifest.parse(json.dumps(file).encode(), "manifest.json")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"format": 1', b"\xff"])
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(PathUnusable, match="was it copied completely"):
        Manifest.parse(content, "manifest.json")


def test_a_manifest_of_another_format_is_refused() -> None:
    with pytest.raises(PathUnusable, match="has format 2; this program reads format 1"):
        Manifest.parse(b'{"format": 2, "files": []}', "manifest.json")
