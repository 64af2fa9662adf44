"""Hostile archives are refused with little work and memory, in one line (packages.md section 12)."""

import hashlib
import io
import lzma
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.harts import hart
from chalicelib.core.harts.hart import (
    HartArchive,
    HartLimits,
    HartRefused,
    HartUnreadable,
    MetadataInvalid,
    PackageTypeUnknown,
    TargetRefused,
    read_hart,
)
from chalicelib.core.harts.hart_limits import LIST_ENTRIES
from tests.builders import hostile_hart as hostile
from tests.builders.cost import function_calls, growth, unpacking
from tests.builders.hart import a_hart, signed

MIB = 1 << 20
CALLS, MEMORY, STREAMS = 500_000, 64 * MIB, 1_000
UNPACKED = 256 * MIB + (256 << 10)
"""The limit, and the piece that exceeds it."""
CHECKS = (
    hart.package_type,
    hart.target,
    hart.ident,
    hart.manifest,
    hart.deps,
    hart.tdeps,
    hart.build_deps,
    hart.build_tdeps,
    hart.exposes,
    hart.config,
)
UNREADABLE = hostile.HEADER | hostile.COMPRESSION | hostile.TAR


def read_and_check(content: bytes, limits: HartLimits = hart.DEFAULT_LIMITS) -> None:
    """Read an archive and run all checks of an upload."""
    archive = read_hart(io.BytesIO(content), limits)
    for check in CHECKS:
        check(archive)


def refused(content: bytes, limits: HartLimits = hart.DEFAULT_LIMITS) -> HartRefused:
    """Return the error for an archive, which must take little work and memory."""
    tracemalloc.start()
    try:
        with function_calls(at_most=CALLS), unpacking() as unpacked, pytest.raises(HartRefused) as error:
            read_and_check(content, limits)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    text = str(error.value)
    assert text.isprintable()
    assert len(text) < 400
    assert unpacked.bytes <= UNPACKED
    assert unpacked.streams <= STREAMS
    assert peak < MEMORY
    return error.value


@pytest.mark.parametrize("fault", UNREADABLE)
def test_damaged_and_excessive_archives_are_unreadable(fault: str) -> None:
    error = refused(UNREADABLE[fault]())
    assert type(error) is HartUnreadable
    assert str(error).startswith("ds:up:0, err=")


@pytest.mark.parametrize("fault", hostile.PACKAGE_TYPE)
def test_other_package_types_are_refused(fault: str) -> None:
    error = refused(hostile.PACKAGE_TYPE[fault]())
    assert type(error) is PackageTypeUnknown
    assert str(error).startswith("ds:up:0, err=")


@pytest.mark.parametrize("fault", hostile.TARGET)
def test_other_targets_are_refused(fault: str) -> None:
    error = refused(hostile.TARGET[fault]())
    assert type(error) is TargetRefused
    assert str(error).startswith("ds:up:1, err=")


@pytest.mark.parametrize("fault", hostile.METADATA)
def test_missing_and_invalid_metadata_is_refused(fault: str) -> None:
    error = refused(hostile.METADATA[fault]())
    assert type(error) is MetadataInvalid
    assert "\n" not in str(error)


def test_the_same_archives_without_their_fault_are_read() -> None:
    read_and_check(hostile.of_tar(hostile.VALID, hostile.END)())
    read_and_check(hostile.of_payload(hostile.PAYLOAD)())
    read_and_check(hostile.of_header("HART-1", "acme-20240101120000", "BLAKE2b", hostile.SIGNATURE, "")())
    read_and_check(hostile.before_the_end(hostile.pax(hostile.record("comment", "x")), hostile.block("x"))())
    read_and_check(hostile.before_the_end(hostile.member("x", b"y\0", b"L"), hostile.block("x"))())
    read_and_check(hostile.before_the_end(hostile.block("x", 0, b"S", {482: b"\1"}), bytes(512))())
    read_and_check(hostile.of_metafiles(DEPS=hostile.IDENT_LINE, EXPOSES=b"80")())
    read_and_check(hostile.with_dictionary(22)())


def test_the_number_of_members_is_limited() -> None:
    limits = HartLimits(tar_headers=1_000)
    members = hostile.member("x", b"") * 1_001
    assert "too many members" in str(refused(hostile.before_the_end(members)(), limits))


def test_the_limit_of_members_grows_with_the_packed_bytes() -> None:
    limits = HartLimits(headers_floor=1_000, bytes_per_header=64)
    noise = hashlib.shake_256(b"noise").digest(128_000)
    members = hostile.member("x", b"") * 1_500

    assert "too many members" in str(refused(hostile.before_the_end(members)(), limits))
    read_and_check(hostile.before_the_end(hostile.member("noise", noise), members)(), limits)


def test_members_that_compress_to_nothing_are_refused_after_a_bounded_number() -> None:
    limits = HartLimits(headers_floor=10_000)
    archive = hostile.before_the_end(hostile.member("x", b"") * 12_000)()

    with function_calls() as allowed:
        read_and_check(hostile.before_the_end(hostile.member("x", b"") * 1_000)())
    with function_calls(at_most=12 * allowed.made), pytest.raises(HartUnreadable, match="too many members"):
        read_hart(io.BytesIO(archive), limits)
    assert HartLimits().of_headers(len(archive)) == 50_000


@pytest.mark.parametrize(
    ("check", "metafile", "entry"),
    [
        (hart.deps, "DEPS", "a/b/1/2\n"),
        (hart.tdeps, "TDEPS", "a/b/1/2\n"),
        (hart.build_deps, "BUILD_DEPS", "a/b/1/2\n"),
        (hart.build_tdeps, "BUILD_TDEPS", "a/b/1/2\n"),
        (hart.exposes, "EXPOSES", "80 "),
    ],
)
def test_the_entries_of_a_list_are_limited(
    check: Callable[[HartArchive], tuple[object, ...]], metafile: str, entry: str
) -> None:
    def archive(entries: int) -> HartArchive:
        return HartArchive("", 0, "", "", {metafile: (entry * entries).strip()})

    assert len(check(archive(LIST_ENTRIES))) == LIST_ENTRIES
    with pytest.raises(MetadataInvalid, match=f"{metafile} is too long"):
        check(archive(LIST_ENTRIES + 1))


def test_extension_headers_count_as_members() -> None:
    limits = HartLimits(tar_headers=1_000)
    members = hostile.member("x", b"", b"L") * 1_001
    assert "too many members" in str(refused(hostile.before_the_end(members)(), limits))


def test_the_time_for_pax_records_is_linear() -> None:
    limits = HartLimits(extension=2 * MIB)

    def archive(records: int) -> bytes:
        return hostile.before_the_end(hostile.pax(b"5 a=\n" * records), hostile.block("x"))()

    assert growth(lambda content: read_and_check(content, limits), archive(20_000), archive(160_000)) < 3 * 8


@pytest.mark.parametrize(
    ("metafile", "text"),
    [("TARGET", "x"), ("IDENT", "/"), ("DEPS", "a"), ("DEPS", "a/b/c/d\n"), ("EXPOSES", "0"), ("EXPOSES", "0 ")],
)
def test_the_time_for_a_metafile_is_linear(metafile: str, text: str) -> None:
    def check_all(metafiles: dict[str, str]) -> None:
        for check in CHECKS:
            with suppress(HartRefused):
                check(hart.HartArchive("", 0, "", "", metafiles))

    assert growth(check_all, {metafile: text * 2_000 + "!"}, {metafile: text * 16_000 + "!"}) < 3 * 8


def test_the_number_of_unpacked_bytes_is_limited() -> None:
    limits = HartLimits(unpacked=1 << 20)
    assert "too many bytes" in str(refused(a_hart(payload=bytes(2 << 20)).content, limits))


class _Counting(io.BytesIO):
    """A stream that counts the bytes read from it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(size)
        self.count += len(block)
        return block


def test_a_decompression_bomb_is_refused_after_few_bytes() -> None:
    bomb = _Counting(hostile.repeated(bytes(8 << 20), 2_000, hostile.VALID + hostile.block("zeros", 1 << 40))())
    with pytest.raises(HartUnreadable, match="unpacks to too many bytes"):
        read_hart(bomb)
    assert bomb.count <= 512 << 10


WHOLE = a_hart(deps=["core/zlib/1.3/20240101000001"], exposes=[80], package_type="native", payload=b"x" * 3000)
TAR = lzma.decompress(WHOLE.content.split(b"\n", 5)[5])


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    """Draw the original with pieces replaced, removed or inserted."""
    content = original
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 8, 12, 512])))
        piece = draw(
            st.one_of(st.binary(max_size=16), st.sampled_from([b"\0" * 512, b"\xff" * 12, b"L", b"x", b"S", b"7"]))
        )
        content = content[:start] + piece + content[end:]
    return content


def error_of(content: bytes) -> type[Exception] | None:
    """Return the type of the error for an archive, if there is one. Errors that are not a HartRefused fail the test."""
    try:
        read_and_check(content)
    except HartRefused as error:
        assert str(error).isprintable()
        return type(error)
    return None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    assert error_of(content) is HartUnreadable
    assert error_of(signed(content)) is HartUnreadable


@given(mutated(WHOLE.content))
def test_any_changed_archive_is_read_or_refused(content: bytes) -> None:
    error_of(content)


@given(mutated(TAR))
def test_any_changed_tar_is_read_or_refused(tar: bytes) -> None:
    error_of(signed(lzma.compress(tar, preset=0)))


@given(st.integers(1, len(WHOLE.content) - 1))
def test_every_truncated_archive_is_refused(length: int) -> None:
    assert error_of(WHOLE.content[:length]) is HartUnreadable


@given(st.dictionaries(st.sampled_from(["IDENT", "TARGET", "DEPS", "EXPOSES", "MANIFEST"]), st.text(max_size=40)))
def test_any_metadata_is_read_or_refused(texts: dict[str, str]) -> None:
    files = {name: text.encode("utf-8", "surrogatepass") for name, text in texts.items()}
    error_of(a_hart(extra_files=files).content)
