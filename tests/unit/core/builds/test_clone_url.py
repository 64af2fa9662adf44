"""Clone URLs that projects outside of GitHub may have."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.builds.clone_url import MOST_CHARACTERS, is_clean
from chalicelib.core.plain_text import is_plain

BASE = "https://git.example.com/"


@pytest.mark.parametrize("url", [BASE + "a/b.git", BASE + "~sam/a%20b", BASE + "a@b/c..d", "file:///srv/git/x", BASE])
def test_ordinary_urls_are_clean(url: str) -> None:
    assert is_clean(url)


@pytest.mark.parametrize(
    "url",
    ["https://u:p@git.example.com/x", "https://u@git.example.com/x", "https://@git.example.com/x", "https://[/x",
     BASE + "..", BASE + "%2e./x", BASE + "a/..%2fx", BASE + "a%5c..%5cx", BASE + "a b", BASE + "a\tb", BASE + "%0d%0a",
     BASE + "?a", BASE + "#a", BASE + "é", BASE + "%ff", BASE + "%e2%80%ae", BASE + "x" * MOST_CHARACTERS],
)  # fmt: skip
def test_urls_that_could_lead_elsewhere_are_not(url: str) -> None:
    assert not is_clean(url)


@given(st.lists(st.sampled_from(["..", "a", ".", "%2e%2e", "%2E.", ""]), max_size=5))
def test_a_clean_url_never_has_a_parent_folder(parts: list[str]) -> None:
    url = BASE + "/".join(parts)

    assert is_clean(url) == (not {"..", "%2e%2e", "%2E."} & set(parts))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_clean_url_has_no_invisible_characters_however_they_are_encoded(text: str) -> None:
    if is_clean(BASE + quote(text, safe="")):
        assert is_plain(text)
