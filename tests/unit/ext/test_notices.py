"""Push events (platform.md 2.6)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.ext.errors import PushMalformed
from chalicelib.ext.notices import Installation, Push, read_push

PUSH: dict[str, Any] = {
    "ref": "refs/heads/main",
    "before": "0",
    "after": "1",
    "created": False,
    "deleted": False,
    "forced": True,
    "compare": "",
    "commits": [{"added": ["a"], "modified": None}, "x"],
    "repository": {"id": 42, "clone_url": "https://github.com/acme/plans.git"},
    "pusher": {"name": "bobo"},
    "sender": {},
    "installation": {"id": 17, "node_id": "x"},
    "head_commit": None,
}
OPTIONAL = {"head_commit"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=5,
)


def test_a_push_is_read_with_its_mandatory_fields() -> None:
    push = read_push(json.dumps(PUSH).encode())

    fields = {name: value for name, value in PUSH.items() if name not in OPTIONAL}
    assert push == Push(**fields | {"installation": Installation(17)})


@pytest.mark.parametrize("field", sorted(set(PUSH) - OPTIONAL))
def test_a_push_without_a_mandatory_field_is_malformed(field: str) -> None:
    with pytest.raises(PushMalformed):
        read_push(json.dumps({name: value for name, value in PUSH.items() if name != field}).encode())


@given(st.sampled_from(sorted(PUSH)), JSON)
def test_a_push_with_any_value_is_read_or_malformed(field: str, value: Any) -> None:
    try:
        read_push(json.dumps(PUSH | {field: value}).encode())
    except PushMalformed:
        return


@given(st.binary())
def test_any_body_is_read_or_malformed(body: bytes) -> None:
    try:
        read_push(body)
    except PushMalformed:
        return
