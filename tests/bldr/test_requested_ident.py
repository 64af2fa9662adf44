"""Package idents as users write them."""

import pytest

from bldr.errors import IdentInvalid
from bldr.requested_ident import RequestedIdent, full_ident


@pytest.mark.parametrize("text", ["acme", "acme/", "acme/a/1/2/3", "Acme/a", "acme/a b", "acme//1"])
def test_a_malformed_ident_is_refused(text: str) -> None:
    with pytest.raises(IdentInvalid):
        RequestedIdent.parse(text)


def test_a_partial_ident_is_not_a_full_ident() -> None:
    assert str(RequestedIdent.parse("acme/widget/1.0")) == "acme/widget/1.0"
    assert str(full_ident("acme/widget/1.0/2024", "promote")) == "acme/widget/1.0/2024"
    with pytest.raises(IdentInvalid, match="promote takes origin/name/version/release"):
        full_ident("acme/widget/1.0", "promote")


@pytest.mark.parametrize(
    ("text", "is_match"),
    [
        ("acme/widget", True),
        ("acme/widget/1.0", True),
        ("acme/widget/1.0/2024", True),
        ("acme/widget/1.1", False),
        ("acme/widget/1.0/2025", False),
        ("acme/gadget", False),
        ("other/widget", False),
    ],
)
def test_a_partial_ident_matches_every_release_with_the_same_parts(text: str, is_match: bool) -> None:
    ident = full_ident("acme/widget/1.0/2024", "this")

    assert RequestedIdent.parse(text).matches(ident) is is_match
