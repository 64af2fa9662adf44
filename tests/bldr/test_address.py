"""Addresses of Builders."""

import pytest

from bldr.address import Address
from bldr.errors import AddressInvalid


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://host", "https://host/v1"),
        ("https://host/", "https://host/v1"),
        ("http://host:9636", "http://host:9636/v1"),
        ("https://host/api/v1", "https://host/api/v1"),
        ("https://host/api/", "https://host/api"),
        ("http://[::1]:80", "http://[::1]:80/v1"),
    ],
)
def test_an_address_without_a_path_means_v1(text: str, base: str) -> None:
    assert str(Address.parse(text)) == base


@pytest.mark.parametrize("text", ["", "host", "ftp://host", "https://", "https://host:port", "https://h?x=1"])
def test_an_unusable_url_is_refused(text: str) -> None:
    with pytest.raises(AddressInvalid):
        Address.parse(text)


def test_the_error_for_an_address_with_a_password_does_not_quote_it() -> None:
    with pytest.raises(AddressInvalid) as caught:
        Address.parse("https://me:c2VjcmV0@host")

    assert "c2VjcmV0" not in str(caught.value)


def test_special_characters_in_a_segment_are_escaped() -> None:
    assert Address("b").url(("a/b", "1.0+x~y%2"), {"q": "a b"}) == "b/a%2Fb/1.0%2Bx~y%252?q=a+b"


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("http://localhost:9636", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:80", True),
        ("http://127.example.com", False),
        ("http://bldr.example.com", False),
        ("http://localhost.example.com", False),
    ],
)
def test_addresses_of_this_machine(url: str, is_local: bool) -> None:
    assert Address.parse(url).is_local is is_local
