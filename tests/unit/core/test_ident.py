"""Package idents and the names in them (packages.md section 2)."""

import pytest

from chalicelib.core.ident import IdentMalformed, PackageIdent, is_origin_name, is_package_name, is_storable
from chalicelib.core.target import Target

WIDGET = PackageIdent("acme", "widget", "1.2.3", "20240301123456")


def test_an_ident_as_text_and_as_json() -> None:
    assert str(WIDGET) == "acme/widget/1.2.3/20240301123456"
    assert PackageIdent.parse(str(WIDGET)) == WIDGET
    assert WIDGET.as_json() == {
        "origin": "acme",
        "name": "widget",
        "version": "1.2.3",
        "release": "20240301123456",
    }


@pytest.mark.parametrize("text", ["", "acme", "acme/widget", "a/b/c", "a/b/c/d/e", "a//c/d", "/b/c/d", "a/b/c/", "///"])
def test_only_four_parts_are_an_ident(text: str) -> None:
    with pytest.raises(IdentMalformed):
        PackageIdent.parse(text)


def test_the_file_name_of_an_archive() -> None:
    assert WIDGET.archive_name(Target.X86_64_LINUX_KERNEL2) == (
        "acme-widget-1.2.3-20240301123456-x86_64-linux-kernel2.hart"
    )


@pytest.mark.parametrize("name", ["a", "0", "acme", "acme-2", "a_b-c", "a" * 255])
def test_origin_names(name: str) -> None:
    assert is_origin_name(name)


@pytest.mark.parametrize("name", ["", "-a", "_a", "Acme", "acme\n", "a.b", "a b", "ä", "a/b", "a" * 256, "٣"])
def test_other_texts_are_not_origin_names(name: str) -> None:
    assert not is_origin_name(name)


@pytest.mark.parametrize("name", ["R", "7zip", "-", "_", "lib-Foo_2"])
def test_package_names(name: str) -> None:
    assert is_package_name(name)


@pytest.mark.parametrize("name", ["", "a.b", "a\n", "a b", "é", "a/b", "a+b", "٣"])
def test_other_texts_are_not_package_names(name: str) -> None:
    assert not is_package_name(name)


@pytest.mark.parametrize("version", ["1", "0.0~b1", "2.1.", "v1+x", "1 2", "ü", "😀", "~"])
def test_versions_are_free_text(version: str) -> None:
    assert is_storable(PackageIdent("acme", "widget", version, "r"))


@pytest.mark.parametrize(
    "part",
    [
        "",
        "a/b",
        "a\nb",
        "\x00",
        "\x1f",
        "\x7f",
        "\ud800",
        "a\t",
        "\x85",
        "\u2028",
        ".",
        "..",
        "\u202e",
        "a\u200b",
        "\ufffd",
        "a\u2029",
        "1\u202e2",
        "\u200e1",
        "1\ufeff",
    ],
)
@pytest.mark.parametrize("index", range(4))
def test_parts_that_keys_cannot_contain(part: str, index: int) -> None:
    parts = ["acme", "widget", "1.2.3", "20240301123456"]
    parts[index] = part
    assert not is_storable(PackageIdent(*parts))


def test_the_length_is_limited_in_bytes_of_all_parts() -> None:
    assert is_storable(PackageIdent("a" * 100, "b" * 100, "c" * 100, "d" * 150))
    assert not is_storable(PackageIdent("a" * 100, "b" * 100, "c" * 100, "d" * 151))
    assert is_storable(PackageIdent("a", "b", "ü" * 223, "de"))
    assert not is_storable(PackageIdent("a", "b", "ü" * 223, "def"))


def test_the_longest_storable_ident_fits_an_object_key() -> None:
    longest = PackageIdent("a" * 100, "b" * 100, "1" * 100, "d" * 150)
    target = max(Target, key=len)
    assert len(f"{longest}/{target.path}/{'c' * 64}/{longest.archive_name(target)}") <= 1024
