"""What a push tells (platform.md 2.6)."""

import json

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.ext.errors import PushMalformed
from chalicelib.ext.notices import Push, read_push

PUSHED = {
    "ref": "refs/heads/main",
    "before": "0",
    "after": "1",
    "created": False,
    "deleted": False,
    "forced": False,
    "compare": "",
    "commits": [
        {"added": ["a"], "removed": ["b"], "modified": ["c", 7]},
        {"added": None, "modified": ["a", "d"]},
        "x",
    ],
    "repository": {"id": 42, "clone_url": "https://github.com/acme/plans.git"},
    "pusher": {"name": "bobo"},
    "sender": {},
    "installation": {"id": 17},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=5,
)


def test_a_push_says_what_was_touched_where_and_by_whom():
    assert read_push(json.dumps(PUSHED).encode()) == Push(
        installation_id=17,
        repository_id=42,
        clone_url="https://github.com/acme/plans.git",
        ref="refs/heads/main",
        after="1",
        pusher="bobo",
        commits=3,
        paths=frozenset("abcd"),
    )


@given(st.sampled_from(sorted(PUSHED)), JSON)
def test_a_push_is_read_or_refused_whatever_stands_in_it(field, value):
    try:
        read_push(json.dumps(PUSHED | {field: value}).encode())
    except PushMalformed:
        return


@given(st.binary())
def test_bytes_are_read_or_refused(body):
    try:
        read_push(body)
    except PushMalformed:
        return
