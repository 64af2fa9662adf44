"""Metadata of package archives (packages.md section 12, and checks 4, 5, 6 and 13 of section 7)."""

import base64
import hashlib
import io
import lzma
import subprocess
import sys
import tarfile
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace
from nacl.signing import VerifyKey

from chalicelib.core.harts import hart
from chalicelib.core.harts.hart import DEFAULT_LIMITS, HartLimits, HartRefused, HartUnreadable, PackageType, read_hart
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from tests.builders.client_hart import client_harts, corrupt_harts
from tests.builders.hart import Hart, a_hart, a_large_hart_file, signed
from tests.builders.keys import client_keys
from tests.builders.tools import a_program

WIDGET = PackageIdent("acme", "widget", "1.2.3", "20240301123456")
FOLDER = f"hab/pkgs/{WIDGET}"
SSL, ZLIB = "core/openssl/1.0.2/20240101000000", "core/zlib/1.3/20240101000001"


def read(content: bytes, limits: HartLimits = DEFAULT_LIMITS) -> hart.HartArchive:
    return read_hart(io.BytesIO(content), limits)


Member = tuple[str | tarfile.TarInfo, bytes]


def tarred(members: Iterable[Member], form: int = tarfile.GNU_FORMAT) -> bytes:
    """Return a tar of members, each a path or header and its content."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as tar:
        for path, content in members:
            member = path if isinstance(path, tarfile.TarInfo) else tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def with_members(*members: Member, form: int = tarfile.GNU_FORMAT) -> bytes:
    return signed(lzma.compress(tarred(members, form), preset=0))


class TestMetadata:
    def test_all_metadata_of_an_archive_are_read(self) -> None:
        made = a_hart(
            deps=[ZLIB],
            tdeps=[ZLIB, SSL],
            build_deps=[SSL],
            build_tdeps=[SSL, ZLIB],
            exposes=[80, 443, 0, 65535],
            manifest="# widget",
            config="port = 80",
            package_type="native",
        )
        archive = read(made.content)

        assert archive.checksum == hashlib.blake2b(made.content, digest_size=32).hexdigest()
        assert archive.size == len(made.content)
        assert (archive.signer, archive.signer_revision) == ("acme", "20240101120000")
        assert hart.ident(archive) == WIDGET
        assert hart.target(archive) is Target.X86_64_LINUX
        assert hart.manifest(archive) == "# widget"
        assert hart.config(archive) == "port = 80"
        assert hart.package_type(archive) is PackageType.NATIVE
        assert hart.exposes(archive) == (80, 443, 0, 65535)
        assert [str(dep) for dep in hart.deps(archive)] == [ZLIB]
        assert [str(dep) for dep in hart.tdeps(archive)] == [ZLIB, SSL]
        assert [str(dep) for dep in hart.build_deps(archive)] == [SSL]
        assert [str(dep) for dep in hart.build_tdeps(archive)] == [SSL, ZLIB]

    def test_missing_optional_metafiles_have_defaults(self) -> None:
        archive = read(a_hart().content)
        lists = (hart.deps, hart.tdeps, hart.build_deps, hart.build_tdeps, hart.exposes)
        assert [read_list(archive) for read_list in lists] == [()] * 5
        assert hart.config(archive) == ""
        assert hart.package_type(archive) is PackageType.STANDARD

    def test_empty_lists_are_empty(self) -> None:
        archive = read(a_hart(extra_files={"DEPS": b"\n", "EXPOSES": b" \n"}).content)
        assert hart.deps(archive) == ()
        assert hart.exposes(archive) == ()

    def test_any_white_space_separates_ports(self) -> None:
        archive = read(a_hart(extra_files={"EXPOSES": b"80\n 443\t08080\r\n"}).content)
        assert hart.exposes(archive) == (80, 443, 8080)

    def test_lists_with_windows_line_ends(self) -> None:
        archive = read(a_hart(extra_files={"DEPS": f"{SSL}\r\n{ZLIB}\r\n".encode()}).content)
        assert [str(dep) for dep in hart.deps(archive)] == [SSL, ZLIB]

    @pytest.mark.parametrize("target", Target)
    def test_every_target_is_read(self, target: Target) -> None:
        assert hart.target(read(a_hart(target=target).content)) is target

    def test_texts_are_trimmed_at_both_ends_only(self) -> None:
        manifest = " \n\u00a0\u3000# a\n\n b\x1f\t\n"
        archive = read(a_hart(extra_files={"MANIFEST": manifest.encode()}).content)
        assert hart.manifest(archive) == "# a\n\n b\x1f"

    def test_each_check_refuses_only_its_own_metafile(self) -> None:
        archive = read(a_hart(target="vax", extra_files={"IDENT": b"x", "PACKAGE_TYPE": b"x", "DEPS": b"x"}).content)
        checks = {
            hart.package_type: "ds:up:0, err=PACKAGE_TYPE is 'x'",
            hart.target: "ds:up:1, err=Invalid package target 'vax'",
            hart.ident: "IDENT contains 'x', which is not a full ident",
            hart.deps: "DEPS contains 'x', which is not a full ident",
        }
        for check, text in checks.items():
            with pytest.raises(HartRefused) as refused:
                check(archive)
            assert str(refused.value) == text

    def test_the_error_names_the_missing_metafile(self) -> None:
        archive = read(a_hart(omit=["TARGET", "IDENT", "MANIFEST"]).content)
        for check, text in {
            hart.target: "ds:up:1, err=TARGET is missing",
            hart.ident: "IDENT is missing",
            hart.manifest: "MANIFEST is missing",
        }.items():
            with pytest.raises(HartRefused) as refused:
                check(archive)
            assert str(refused.value) == text

    def test_an_error_is_one_short_printable_line(self) -> None:
        archive = read(a_hart(extra_files={"IDENT": "a\nb\x1b[2J\u202eé".encode() + b"x" * 5000}).content)
        with pytest.raises(HartRefused) as refused:
            hart.ident(archive)
        text = str(refused.value)
        assert text.isprintable()
        assert "a\\nb\\x1b[2J\\u202eé" in text
        assert len(text) < 200


class TestHeader:
    def test_white_space_around_lines_is_ignored(self) -> None:
        _, signer, _, signature, _, payload = a_hart().content.split(b"\n", 5)
        lines = [b"  HART-1\r", b"\t" + signer + b" ", b"BLAKE2b \r", signature + b"\r", b" \r", payload]
        assert hart.ident(read(b"\n".join(lines))) == WIDGET

    def test_a_key_name_may_contain_dashes(self) -> None:
        archive = read(a_hart(signer="my-own-key-20240101120000").content)
        assert (archive.signer, archive.signer_revision) == ("my-own-key", "20240101120000")

    def test_the_signature_is_not_checked(self) -> None:
        content = a_hart().content
        start = content.index(b"BLAKE2b\n") + 8
        end = content.index(b"\n", start)
        assert hart.ident(read(content[:start] + b"AAAA" + content[end:])) == WIDGET


class TestTar:
    @pytest.mark.parametrize("beginning", ["", "/", "opt/", "/opt/"])
    def test_a_path_may_have_these_beginnings(self, beginning: str) -> None:
        assert read(with_members((f"{beginning}{FOLDER}/IDENT", b" x "))).metafiles == {"IDENT": "x"}

    @pytest.mark.parametrize(
        "path",
        [
            "IDENT",
            f"./{FOLDER}/IDENT",
            f"//{FOLDER}/IDENT",
            f"opt//{FOLDER}/IDENT",
            f"../{FOLDER}/IDENT",
            f"usr/{FOLDER}/IDENT",
            f"{FOLDER}/config/IDENT",
            "hab/pkgs/acme/widget/1.2.3/IDENT",
            "hab/pkgs/acme//1.2.3/20240301123456/IDENT",
            f"{FOLDER}/IDENT.bak",
            f"{FOLDER}/ident",
            f"{FOLDER}/IDENT\n",
            f"{FOLDER}/FILES",
            f"{FOLDER}/default_toml",
        ],
    )
    def test_other_paths_are_skipped(self, path: str) -> None:
        assert read(with_members((path, b"\xff not even text"))).metafiles == {}

    def test_the_folders_are_not_compared_with_the_ident(self) -> None:
        assert read(with_members(("hab/pkgs/a/b/c/d/IDENT", str(WIDGET).encode()))).metafiles == {"IDENT": str(WIDGET)}

    def test_the_last_metafile_of_a_name_counts(self) -> None:
        archive = read(
            with_members((f"{FOLDER}/IDENT", b"1"), (f"{FOLDER}/TARGET", b"t"), ("/hab/pkgs/a/b/c/d/IDENT", b"2"))
        )
        assert archive.metafiles == {"IDENT": "2", "TARGET": "t"}

    @pytest.mark.parametrize(
        "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE]
    )
    def test_links_and_devices_are_not_metafiles(self, kind: bytes) -> None:
        member = tarfile.TarInfo(f"{FOLDER}/IDENT")
        member.type, member.linkname = kind, "/etc/passwd"
        assert read(with_members((f"{FOLDER}/TARGET", b"t"), (member, b""))).metafiles == {"TARGET": "t"}

    @pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    def test_long_and_unusual_paths_are_read(self, form: int) -> None:
        folder = f"hab/pkgs/{'o' * 90}/{'n' * 90}/{'ü' * 90}/r"
        archive = read(with_members((f"{folder}/IDENT", b"x"), (f"{folder}/config/y", b"y"), form=form))
        assert archive.metafiles == {"IDENT": "x"}

    def test_long_paths_in_the_oldest_form_are_read(self) -> None:
        folder = f"hab/pkgs/{'o' * 40}/{'n' * 40}/{'v' * 40}/r"
        assert read(with_members((f"{folder}/IDENT", b"x"), form=tarfile.USTAR_FORMAT)).metafiles == {"IDENT": "x"}

    def test_a_long_path_applies_to_the_next_member_only(self) -> None:
        folder = f"hab/pkgs/{'o' * 200}/n/v/r"
        for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            archive = read(with_members((f"{folder}/IDENT", b"1"), ("elsewhere", b"2"), form=form))
            assert archive.metafiles == {"IDENT": "1"}

    def test_global_pax_headers_are_skipped(self) -> None:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", pax_headers={"comment": "c", "path": "hab"}) as tar:
            member = tarfile.TarInfo(f"{FOLDER}/IDENT")
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
        assert read(signed(lzma.compress(stream.getvalue(), preset=0))).metafiles == {"IDENT": "x"}

    def test_archives_of_gnu_tar_are_read(self, tmp_path: Path) -> None:
        folder = tmp_path / FOLDER
        (folder / "bin").mkdir(parents=True)
        (folder / "IDENT").write_text(f"{WIDGET}\n")
        (folder / "bin" / ("x" * 150)).write_bytes(b"x" * 100_000)
        (folder / "bin" / "link").symlink_to("/nowhere")
        with (folder / "holes").open("wb") as file:
            file.seek(1 << 20)
            file.write(b"end")
        (folder / "TARGET").write_text("x86_64-linux")
        for form in ("gnu", "oldgnu", "posix"):
            command = [
                a_program("tar"),
                "-C",
                str(tmp_path),
                f"--format={form}",
                "--sort=name",
                "--sparse",
                "-cf",
                "-",
                "hab",
            ]
            tar = subprocess.run(command, check=True, capture_output=True).stdout
            assert len(tar) < 1 << 20
            archive = read(signed(lzma.compress(tar, preset=0)))
            assert archive.metafiles == {"IDENT": str(WIDGET), "TARGET": "x86_64-linux"}


class TestCompression:
    @pytest.mark.parametrize("preset", [0, 6, 9, 9 | lzma.PRESET_EXTREME])
    @pytest.mark.parametrize("check", [lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256])
    def test_all_presets_and_checks_of_xz_are_read(self, preset: int, check: int) -> None:
        packed = lzma.compress(tarred([(f"{FOLDER}/IDENT", b"x")]), preset=preset, check=check)
        assert read(signed(packed)).metafiles == {"IDENT": "x"}

    def test_several_streams_with_padding_are_one_payload(self) -> None:
        tar = tarred([(f"{FOLDER}/IDENT", b"x"), ("noise", bytes(range(256)) * 64)])
        parts = [tar[:700], b"", tar[700:5000], tar[5000:]]
        for padding in (0, 4, 8, 400_000):
            payload = b"".join(lzma.compress(part, preset=0) + bytes(padding) for part in parts)
            assert read(signed(payload)).metafiles == {"IDENT": "x"}

    def test_bytes_after_the_end_of_the_tar_are_read_and_hashed(self) -> None:
        tar = tarred([(f"{FOLDER}/IDENT", b"x")])
        content = signed(lzma.compress(tar + bytes(1 << 20) + b"no tar", preset=0))
        archive = read(content)
        assert archive.metafiles == {"IDENT": "x"}
        assert archive.checksum == hashlib.blake2b(content, digest_size=32).hexdigest()
        with pytest.raises(HartUnreadable):
            read(content[:-1])


class TestLimits:
    def test_a_metafile_may_be_as_long_as_its_limit(self) -> None:
        limits = replace(DEFAULT_LIMITS, metafile=1000, manifest=2000)
        fits = a_hart(extra_files={"DEPS": b" " * 1000, "MANIFEST": b" " * 2000})
        read(fits.content, limits)
        for name, length in {"DEPS": 1001, "MANIFEST": 2001}.items():
            with pytest.raises(HartUnreadable, match=f"{name} is too long"):
                read(a_hart(extra_files={name: b" " * length}).content, limits)

    def test_other_files_may_be_of_any_length(self) -> None:
        limits = replace(DEFAULT_LIMITS, metafile=1000, manifest=1000, metafiles=2000)
        read(a_hart(extra_files={"FILES": b"x" * 5000}, payload=b"y" * 50_000).content, limits)

    def test_the_limit_of_unpacked_bytes_grows_with_the_packed_bytes(self) -> None:
        limits = replace(DEFAULT_LIMITS, unpacked_floor=1 << 20, unpacked_ratio=20)
        noise = hashlib.shake_256(b"noise").digest(200_000)
        read(a_hart(payload=noise + bytes(3 << 20)).content, limits)
        with pytest.raises(HartUnreadable, match="too many bytes"):
            read(a_hart(payload=noise[:20_000] + bytes(3 << 20)).content, limits)

    def test_the_number_of_members_is_limited(self) -> None:
        limits = replace(DEFAULT_LIMITS, tar_headers=4)
        read(with_members(*[(str(number), b"") for number in range(4)]), limits)
        with pytest.raises(HartUnreadable, match="too many members"):
            read(with_members(*[(str(number), b"") for number in range(5)]), limits)

    def test_a_large_archive_streams_in_little_memory(self, tmp_path: Path) -> None:
        path = tmp_path / "large.hart"
        ident = a_large_hart_file(path, 6)
        tracemalloc.start()
        try:
            with path.open("rb") as file:
                archive = read_hart(file)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert hart.ident(archive) == ident
        assert archive.size == path.stat().st_size > 6 << 20
        assert archive.checksum == hashlib.blake2b(path.read_bytes(), digest_size=32).hexdigest()
        assert peak < 3 << 20

    def test_members_are_not_kept_in_memory(self) -> None:
        content = with_members(*[(f"{FOLDER}/bin/{number}", b"") for number in range(5_000)])
        tracemalloc.start()
        try:
            read(content)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 3 << 20


class _ForwardStream(io.BytesIO):
    """A stream like that of a socket: `read` may return less than requested, and there is no `seek`."""

    def __init__(self, content: bytes, step: int) -> None:
        super().__init__(content)
        self._step = step

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size > 0
        return super().read(min(size, self._step))

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation


@pytest.mark.parametrize("step", [1, 7, 300, 5000])
def test_a_stream_is_read_forward_in_pieces_of_any_size(step: int) -> None:
    made = a_hart(payload=bytes(range(256)) * 20)
    archive = read_hart(_ForwardStream(made.content, step))
    assert (archive.checksum, hart.ident(archive)) == (made.checksum, WIDGET)


def test_an_error_of_the_stream_is_raised() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("connection reset")

    with pytest.raises(OSError, match="connection reset"):
        read_hart(Broken())


def test_importing_the_module_does_not_load_tarfile_and_lzma() -> None:
    code = "import sys; from chalicelib.core.harts import hart; print('tarfile' in sys.modules, 'lzma' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.split() == ["False", "False"]


class TestArchivesOfTheClient:
    @pytest.mark.parametrize("made", client_harts(), ids=lambda made: made.archive_name)
    def test_every_archive_is_read(self, made: Hart) -> None:
        archive = read_hart(io.BytesIO(made.content))
        for check in (hart.manifest, hart.package_type, hart.deps, hart.build_deps, hart.build_tdeps, hart.exposes):
            check(archive)
        assert (hart.ident(archive), hart.target(archive)) == (made.ident, made.target)
        assert (archive.checksum, archive.size) == (made.checksum, len(made.content))

    @pytest.mark.parametrize("content", corrupt_harts())
    def test_corrupt_archives_are_refused(self, content: bytes) -> None:
        with pytest.raises(HartUnreadable, match=r"^ds:up:0, err="):
            read(content)

    def test_every_kind_of_archive_is_tested(self) -> None:
        archives = [read(made.content) for made in client_harts()]

        assert {hart.target(archive).value for archive in archives} >= {
            "x86_64-linux",
            "x86_64-linux-kernel2",
            "x86_64-windows",
        }
        assert {hart.package_type(archive) for archive in archives} == set(PackageType)
        assert max(len(hart.tdeps(archive)) for archive in archives) == 1024
        kernel2 = [archive for archive in archives if hart.target(archive) is Target.X86_64_LINUX_KERNEL2]
        assert {(len(hart.deps(archive)), len(hart.tdeps(archive))) for archive in kernel2} == {(1, 2)}
        windows = [archive for archive in archives if hart.target(archive) is Target.X86_64_WINDOWS]
        assert {(len(hart.build_deps(archive)), len(hart.build_tdeps(archive))) for archive in windows} == {(1, 1)}

    def test_signatures_are_valid(self) -> None:
        """The service does not verify signatures, but clients do (packages.md sections 7 and 12)."""
        public = {f"{keys.name}-{keys.revision}": keys.public.decode().split("\n")[3] for keys in client_keys()}
        verified = 0
        for made in client_harts():
            _, signer, _, signature, _, payload = made.content.split(b"\n", 5)
            if signer.decode() in public:
                digest = VerifyKey(base64.b64decode(public[signer.decode()])).verify(base64.b64decode(signature))
                assert digest.decode() == hashlib.blake2b(payload, digest_size=32).hexdigest()
                verified += 1
        assert verified >= 8
