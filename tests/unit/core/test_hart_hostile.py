"""Hostile archives are refused soon, cheaply and in one line (packages.md section 12, 'archive may be hostile')."""

import io
import lzma
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import hart
from chalicelib.core.hart import (
    HartLimits,
    HartRefused,
    HartUnreadable,
    MetadataInvalid,
    PackageTypeUnknown,
    TargetRefused,
    read_hart,
)
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


def look_into(content: bytes, limits: HartLimits = hart.DEFAULT_LIMITS) -> None:
    """All that an upload looks at."""
    archive = read_hart(io.BytesIO(content), limits)
    for check in CHECKS:
        check(archive)


def refused(content: bytes, limits: HartLimits = hart.DEFAULT_LIMITS) -> HartRefused:
    """The refusal, which must come after little work and take little memory besides the archive's own bytes."""
    tracemalloc.start()
    try:
        with function_calls(at_most=CALLS), unpacking() as unpacked, pytest.raises(HartRefused) as refusal:
            look_into(content, limits)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    text = str(refusal.value)
    assert text.isprintable()
    assert len(text) < 400
    assert unpacked.bytes <= UNPACKED
    assert unpacked.streams <= STREAMS
    assert peak < MEMORY
    return refusal.value


@pytest.mark.parametrize("wrong", UNREADABLE)
def test_damaged_and_excessive_archives_are_unreadable(wrong):
    refusal = refused(UNREADABLE[wrong]())
    assert type(refusal) is HartUnreadable
    assert str(refusal).startswith("ds:up:0, err=")


@pytest.mark.parametrize("wrong", hostile.PACKAGE_TYPE)
def test_package_types_are_two_words(wrong):
    refusal = refused(hostile.PACKAGE_TYPE[wrong]())
    assert type(refusal) is PackageTypeUnknown
    assert str(refusal).startswith("ds:up:0, err=")


@pytest.mark.parametrize("wrong", hostile.TARGET)
def test_targets_are_seven_words(wrong):
    refusal = refused(hostile.TARGET[wrong]())
    assert type(refusal) is TargetRefused
    assert str(refusal).startswith("ds:up:1, err=")


@pytest.mark.parametrize("wrong", hostile.METADATA)
def test_metadata_must_be_there_and_right(wrong):
    refusal = refused(hostile.METADATA[wrong]())
    assert type(refusal) is MetadataInvalid
    assert "\n" not in str(refusal)


def test_without_what_is_wrong_with_them_they_are_read():
    look_into(hostile.of_tar(hostile.VALID, hostile.END)())
    look_into(hostile.of_payload(hostile.PAYLOAD)())
    look_into(hostile.of_header("HART-1", "acme-20240101120000", "BLAKE2b", hostile.SIGNATURE, "")())
    look_into(hostile.before_the_end(hostile.pax(hostile.record("comment", "x")), hostile.block("x"))())
    look_into(hostile.before_the_end(hostile.member("x", b"y\0", b"L"), hostile.block("x"))())
    look_into(hostile.before_the_end(hostile.block("x", 0, b"S", {482: b"\1"}), bytes(512))())
    look_into(hostile.of_metafiles(DEPS=hostile.IDENT_LINE, EXPOSES=b"80")())
    look_into(hostile.with_dictionary(22)())


def test_as_many_members_as_anyone_could_send():
    limits = HartLimits(tar_headers=1_000)
    members = hostile.member("x", b"") * 1_001
    assert "too many members" in str(refused(hostile.before_the_end(members)(), limits))


def test_extension_headers_count_as_members():
    limits = HartLimits(tar_headers=1_000)
    members = hostile.member("x", b"", b"L") * 1_001
    assert "too many members" in str(refused(hostile.before_the_end(members)(), limits))


def test_pax_headers_of_many_records_cost_no_more_than_their_length():
    limits = HartLimits(extension=2 * MIB)

    def archive(records: int) -> bytes:
        return hostile.before_the_end(hostile.pax(b"5 a=\n" * records), hostile.block("x"))()

    assert growth(lambda content: look_into(content, limits), archive(20_000), archive(160_000)) < 3 * 8


@pytest.mark.parametrize(
    ("metafile", "text"),
    [("TARGET", "x"), ("IDENT", "/"), ("DEPS", "a"), ("DEPS", "a/b/c/d\n"), ("EXPOSES", "0"), ("EXPOSES", "0 ")],
)
def test_long_metafiles_cost_no_more_than_their_length(metafile, text):
    def look_at(metafiles: dict[str, str]) -> None:
        for check in CHECKS:
            with suppress(HartRefused):
                check(hart.HartArchive("", 0, "", "", metafiles))

    assert growth(look_at, {metafile: text * 2_000 + "!"}, {metafile: text * 16_000 + "!"}) < 3 * 8


def test_no_archive_may_unpack_to_more_than_the_last_limit():
    limits = HartLimits(unpacked=1 << 20)
    assert "too many bytes" in str(refused(a_hart(payload=bytes(2 << 20)).content, limits))


class _Counting(io.BytesIO):
    """A stream that knows how much was taken of it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(size)
        self.taken += len(block)
        return block


def test_a_bomb_ends_the_reading_long_before_its_end():
    bomb = _Counting(hostile.repeated(bytes(8 << 20), 2_000, hostile.VALID + hostile.block("zeros", 1 << 40))())
    with pytest.raises(HartUnreadable, match="unpacks to too many bytes"):
        read_hart(bomb)
    assert bomb.taken <= 512 << 10


WHOLE = a_hart(deps=["core/zlib/1.3/20240101000001"], exposes=[80], package_type="native", payload=b"x" * 3000)
TAR = lzma.decompress(WHOLE.content.split(b"\n", 5)[5])


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    """The original with pieces replaced, left out or doubled."""
    content = original
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 8, 12, 512])))
        piece = draw(
            st.one_of(st.binary(max_size=16), st.sampled_from([b"\0" * 512, b"\xff" * 12, b"L", b"x", b"S", b"7"]))
        )
        content = content[:start] + piece + content[end:]
    return content


def outcomes(content: bytes) -> Iterator[type[Exception]]:
    """What reading ends in, if not well; anything but a refusal is a failure of the test."""
    try:
        look_into(content)
    except HartRefused as refusal:
        assert str(refusal).isprintable()
        yield type(refusal)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content):
    assert list(outcomes(content)) == [HartUnreadable]
    assert list(outcomes(signed(content))) == [HartUnreadable]


@given(mutated(WHOLE.content))
def test_any_change_of_an_archive_is_read_or_refused(content):
    list(outcomes(content))


@given(mutated(TAR))
def test_any_change_of_a_tar_is_read_or_refused(tar):
    list(outcomes(signed(lzma.compress(tar, preset=0))))


@given(st.integers(1, len(WHOLE.content) - 1))
def test_every_cut_off_tail_is_noticed(length):
    assert list(outcomes(WHOLE.content[:length])) == [HartUnreadable]


@given(st.dictionaries(st.sampled_from(["IDENT", "TARGET", "DEPS", "EXPOSES", "MANIFEST"]), st.text(max_size=40)))
def test_any_metadata_is_read_or_refused(texts):
    files = {name: text.encode("utf-8", "surrogatepass") for name, text in texts.items()}
    list(outcomes(a_hart(extra_files=files).content))
