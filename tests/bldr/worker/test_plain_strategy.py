"""The strategy plain with real plans: phases, dependencies, metadata files, failures."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping

import pytest

from bldr.worker.signed_archive import require_signature
from chalicelib.core.harts.hart import HartArchive, build_deps, deps, exposes, ident, read_hart, target, tdeps
from chalicelib.core.keys.key_file import KeyFile, KeyKind
from chalicelib.core.keys.named_revision import NamedRevision
from tests.bldr.worker.builders import PLAN, a_bundle, commit
from tests.bldr.worker.fake_builder import FakeBuilder, FakeJob
from tests.builders.hart import Hart, a_hart
from tests.builders.keys import the_signing_key

Repository = Callable[[Mapping[str, str]], str]
Build = Callable[[FakeJob], FakeJob]


def published(builder: FakeBuilder, job: FakeJob) -> Hart:
    """Return the package that a job has published."""
    assert job.result["kind"] == "complete", job.log
    return builder.packages[job.result["ident"]]


def archive_of(hart: Hart) -> HartArchive:
    """Return the metadata of an archive."""
    return read_hart(io.BytesIO(hart.content))


def files_of(hart: Hart) -> dict[str, tarfile.TarInfo]:
    """Return the members of an archive by their path in the package."""
    payload = hart.content.split(b"\n", 5)[5]
    with tarfile.open(fileobj=io.BytesIO(payload), mode="r:xz") as tar:
        prefix = f"hab/pkgs/{hart.path}"
        return {member.name.removeprefix(prefix).lstrip("/"): member for member in tar.getmembers()}


def text_in(hart: Hart, name: str) -> str:
    """Return the text of a file of a package."""
    payload = hart.content.split(b"\n", 5)[5]
    with tarfile.open(fileobj=io.BytesIO(payload), mode="r:xz") as tar:
        file = tar.extractfile(f"hab/pkgs/{hart.path}/{name}")
        assert file is not None
        return file.read().decode()


def test_a_plan_becomes_a_published_package(builder: FakeBuilder, repository: Repository, build: Build) -> None:
    job = build(builder.add(a_bundle(repository({"plan.sh": PLAN}))))

    hart = published(builder, job)
    assert hart.path.startswith("acme/widget/1.2.3/")
    assert builder.channels["acme/bldr-99"] == [hart.path]
    assert [upload["builder"] for upload in builder.uploads] == [""]
    assert job.sections == [
        "validate_integrations",
        "fetch_origin_key",
        "clone_repository",
        "build_package",
        "publish_package",
    ]
    assert job.lines[0] == f"builder_log::start::{job.id}"
    assert job.lines[-1] == f"builder_log::end::{job.id}"
    assert job.result["build_started_at"] < job.result["build_finished_at"]
    assert job.result["build_started_at"].endswith("+00:00")


def test_the_archive_has_the_form_of_hab(builder: FakeBuilder, repository: Repository, build: Build) -> None:
    hart = published(builder, build(builder.add(a_bundle(repository({"plan.sh": PLAN})))))

    archive = archive_of(hart)
    files = files_of(hart)
    assert ident(archive) == hart.ident
    assert target(archive) == "x86_64-linux"
    assert archive.signer == "acme"
    assert text_in(hart, "TYPE") == "standalone\n"
    assert text_in(hart, "PATH") == f"/hab/pkgs/{hart.path}/bin\n"
    assert "Somebody" not in text_in(hart, "MANIFEST")
    assert "pkg_name=widget" in text_in(hart, "MANIFEST")
    assert files["bin/widget"].mode == 0o755
    assert {(member.uid, member.gid, member.uname) for member in files.values()} == {(0, 0, "root")}
    assert {member.mtime for member in files.values()} == {files["IDENT"].mtime}
    assert list(files) == sorted(files)


def test_the_archive_and_its_list_of_files_are_signed(
    builder: FakeBuilder, repository: Repository, build: Build, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hart = published(builder, build(builder.add(a_bundle(repository({"plan.sh": PLAN})))))
    folder = tmp_path_factory.mktemp("signed")
    (folder / "hart").write_bytes(hart.content)
    (folder / "FILES").write_text(text_in(hart, "FILES"))
    public, _ = builder.key_of("acme")

    require_signature(folder / "hart", lambda _: public)
    require_signature(folder / "FILES", lambda _: public)

    digest = hashlib.blake2b(f"{hart.path}\n".encode(), digest_size=32).hexdigest()
    assert f"{digest}  /hab/pkgs/{hart.path}/IDENT" in text_in(hart, "FILES").splitlines()


def test_metadata_of_a_service(builder: FakeBuilder, repository: Repository, build: Build) -> None:
    plan = PLAN + (
        'pkg_svc_run="widget --serve"\npkg_exports=([http]=http.port)\npkg_exposes=(8080 9090)\n'
        "pkg_binds=([database]=port)\n"
    )
    files = {
        "habitat/plan.sh": plan,
        "habitat/default.toml": "[http]\nport = 8080\n",
        "habitat/hooks/init": "#!/bin/sh\n",
        "habitat/config/widget.conf": "port={{cfg.http.port}}\n",
    }

    hart = published(builder, build(builder.add(a_bundle(repository(files), plan_path="habitat/plan.sh"))))

    assert text_in(hart, "default.toml") == "[http]\nport = 8080\n"
    assert text_in(hart, "SVC_USER") == "hab\n"
    assert text_in(hart, "EXPORTS") == "http=http.port\n"
    assert text_in(hart, "BINDS") == "database=port\n"
    assert exposes(archive_of(hart)) == (8080, 9090)
    assert "exec widget --serve" in text_in(hart, "run")
    assert {"hooks/init", "config/widget.conf"} <= set(files_of(hart))


def test_dependencies_come_from_the_channel_of_the_group_before_stable(
    builder: FakeBuilder, repository: Repository, build: Build
) -> None:
    library = a_hart(origin="acme", name="zlib", version="1", release="20240101000000")
    fresh = a_hart(
        origin="acme",
        name="zlib",
        version="2",
        release="20240201000000",
        extra_files={"lib/zlib.txt": b"zlib two\n"},
    )
    tool = a_hart(
        origin="tools",
        name="greet",
        version="1",
        release="20240101000000",
        tdeps=[fresh.path],
        extra_files={
            "bin/greet": b"#!/bin/sh\necho hello from greet\n",
            "PATH": b"/hab/pkgs/tools/greet/1/20240101000000/bin\n",
        },
    )
    builder.publish(library, "stable")
    builder.publish(fresh, "bldr-99")
    builder.publish(tool, "stable")
    for hart in (library, fresh, tool):
        a_key_as_the_archives_have_it(builder, hart)
    plan = PLAN.replace(
        'build_line "compiling"', 'bash "$(command -v greet)"; cat "$(pkg_path_for acme/zlib)/lib/zlib.txt"'
    )
    plan += "pkg_deps=(acme/zlib)\npkg_build_deps=(tools/greet/1)\n"

    job = build(builder.add(a_bundle(repository({"plan.sh": plan}))))

    archive = archive_of(published(builder, job))
    assert [str(each) for each in deps(archive)] == [fresh.path]
    assert [str(each) for each in tdeps(archive)] == [fresh.path]
    assert [str(each) for each in build_deps(archive)] == [tool.path]
    assert "hello from greet" in job.lines
    assert "zlib two" in job.lines


def a_key_as_the_archives_have_it(builder: FakeBuilder, hart: Hart) -> None:
    """Give the Builder the key that signs all archives of tests."""
    archive = archive_of(hart)
    name = NamedRevision(archive.signer, archive.signer_revision)
    secret = the_signing_key(str(name))
    public = bytes(secret.verify_key)
    builder.keys["acme"] = (
        KeyFile(KeyKind.PUBLIC_SIGNING, name, public),
        KeyFile(KeyKind.SECRET_SIGNING, name, bytes(secret) + public),
    )


def test_a_dependency_with_a_wrong_signature_fails_the_build(
    builder: FakeBuilder, repository: Repository, build: Build
) -> None:
    builder.publish(a_hart(name="zlib"), "stable")
    job = build(builder.add(a_bundle(repository({"plan.sh": PLAN + "pkg_deps=(acme/zlib)\n"}))))

    assert job.result["error"] == "wk:run:build"
    assert "the signature of acme-zlib" in job.log


@pytest.mark.parametrize(
    ("dependency", "message"),
    [
        ("acme/missing", "no package acme/missing for x86_64-linux in the channels bldr-99, stable"),
        (
            "core/missing",
            "in the channels bldr-99, base, stable; promote one to stable, or build it in the same job group",
        ),
        ("nonsense", "'nonsense' is not a package ident"),
    ],
)
def test_a_missing_dependency_fails_the_build(
    builder: FakeBuilder, repository: Repository, build: Build, dependency: str, message: str
) -> None:
    job = build(builder.add(a_bundle(repository({"plan.sh": PLAN + f"pkg_deps=({dependency})\n"}))))

    assert job.result["kind"] == "failed"
    assert message in job.log


def test_the_default_phases_unpack_configure_and_install_a_source(
    builder: FakeBuilder, repository: Repository, build: Build
) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, text in {
            "configure": '#!/bin/sh\necho "PREFIX=${1#--prefix=}" >settings.mk\n',
            "Makefile": "include settings.mk\nall:\n\t@echo building\n"
            "install:\n\tmkdir -p $(PREFIX)\n\tcp Makefile $(PREFIX)/\n",
        }.items():
            member = tarfile.TarInfo(f"widget-1.2.3/{name}")
            member.size, member.mode = len(text), 0o755
            tar.addfile(member, io.BytesIO(text.encode()))
    source = stream.getvalue()
    plan = (
        "pkg_name=widget\npkg_version=1.2.3\n"
        "pkg_source=file://$SRC_PATH/${pkg_name}-${pkg_version}.tar.gz\n"
        f"pkg_shasum={hashlib.sha256(source).hexdigest()}\n"
    )
    url = repository({"plan.sh": plan})
    commit(url, "widget-1.2.3.tar.gz", source)

    hart = published(builder, build(builder.add(a_bundle(url))))

    assert "Makefile" in files_of(hart)


def test_a_wrong_checksum_of_the_source_fails_in_verify(
    builder: FakeBuilder, repository: Repository, build: Build
) -> None:
    plan = PLAN + f"pkg_source=file://$SRC_PATH/plan.sh\npkg_shasum={'0' * 64}\n"
    job = build(builder.add(a_bundle(repository({"plan.sh": plan}))))

    assert job.result["step"] == "build_package, phase do_verify"
    assert "but pkg_shasum is" in job.result["last_lines"]


def test_a_version_function_sets_the_version(builder: FakeBuilder, repository: Repository, build: Build) -> None:
    plan = PLAN.replace(
        "pkg_version=1.2.3", 'pkg_version() { cat "$SRC_PATH/VERSION"; }\ndo_before() { update_pkg_version; }'
    )

    hart = published(builder, build(builder.add(a_bundle(repository({"plan.sh": plan, "VERSION": "7.8\n"})))))

    assert hart.ident.version == "7.8"


def test_overridden_phases_may_call_the_default(builder: FakeBuilder, repository: Repository, build: Build) -> None:
    plan = PLAN + 'do_strip() { build_line "before strip"; do_default_strip; }\ndo_end() { build_line "the end"; }\n'

    job = build(builder.add(a_bundle(repository({"plan.sh": plan}))))

    assert "   widget: before strip" in job.lines
    assert "   widget: the end" in job.lines


def test_secrets_of_the_origin_are_variables_of_the_build_and_hidden_in_its_log(
    builder: FakeBuilder, repository: Repository, build: Build
) -> None:
    plan = PLAN.replace('build_line "compiling"', 'build_line "length ${#API_TOKEN} value $API_TOKEN"')
    secret = {"name": "API_TOKEN", "value": "s3cr3t-value"}

    job = build(builder.add(a_bundle(repository({"plan.sh": plan}), secrets=[secret])))

    assert "   widget: length 12 value [hidden]" in job.lines


@pytest.mark.parametrize(
    ("plan", "step", "message"),
    [
        ("pkg_version=1\n", "phase load", "the plan does not set pkg_name"),
        ("pkg_name=widget\n", "phase load", "the plan does not set pkg_version"),
        ("pkg_name=other\npkg_version=1\n", "phase load", "is for other, but the job is for widget; pkg_name and"),
        (PLAN + "pkg_scaffolding=core/scaffolding-go\n", "phase load", "scaffolding"),
        (PLAN + "do_prepare() { exit_with 'no compiler' 3; }\n", "phase do_prepare", "ERROR: no compiler"),
        (PLAN + "do_check() { false; }\nDO_CHECK=true\n", "phase do_check", "ended with code 1"),
        (PLAN + "do_unpack() {\n  false\n  echo not reached\n}\n", "phase do_unpack", "ended with code 1"),
        ("if then", "phase load", "syntax error"),
    ],
)
def test_a_failure_names_the_phase_and_shows_the_last_lines(
    builder: FakeBuilder, repository: Repository, build: Build, plan: str, step: str, message: str
) -> None:
    job = build(builder.add(a_bundle(repository({"plan.sh": plan}))))

    assert job.result["kind"] == "failed"
    assert job.result["error"] == "wk:run:build"
    assert job.result["step"] == f"build_package, {step}"
    assert message in job.log
    assert "not reached" not in job.log
    assert job.sections[-1] == "build_package"
    assert not builder.uploads


def test_a_failed_build_reports_the_ident_that_it_would_have_had(
    builder: FakeBuilder, repository: Repository, build: Build
) -> None:
    job = build(builder.add(a_bundle(repository({"plan.sh": PLAN + "do_build() { echo broken >&2; false; }\n"}))))

    assert job.result["ident"].startswith("acme/widget/1.2.3/")
    assert "broken" in job.result["last_lines"].splitlines()


def test_a_repository_without_a_plan_fails(builder: FakeBuilder, repository: Repository, build: Build) -> None:
    job = build(builder.add(a_bundle(repository({"README": "nothing"}), plan_path="component/plan.sh")))

    assert "the repository has no plan.sh in 'component'" in job.log
