"""The values that the service reads from plans (builds.md 9.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.builds.plan_file import MOST_CHARACTERS, Plan, PlanMalformed, read_plan

REST = b"pkg_name=n\npkg_origin=o\n"


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        (b"pkg_name=nginx\npkg_origin=core\npkg_version=1.25\n", Plan("nginx", "core", "1.25")),
        (b"$pkg_name='nginx'\r\n$pkg_origin=\"core\"\r\n", Plan("nginx", "core")),
        (b'  pkg_name = "a\'b" \n\tpkg_origin=core', Plan("ab", "core")),
        (REST + b"pkg_name=later", Plan("later", "o")),
        (REST + b"pkg_version=1.0 # new", Plan("n", "o", "1.0 # new")),
        (REST + b"pkg_version=a=b", Plan("n", "o", "a=b")),
        (REST + b'pkg_version="$(date)"', Plan("n", "o", "$(date)")),
        (REST + b"pkg_version=", Plan("n", "o", "")),
        (REST + b"#pkg_name=x\nexport pkg_name=y\npkg_names=z\npkg_name", Plan("n", "o")),
        (b"pkg_name=\npkg_origin=", Plan("", "")),
        ("pkg_name=é\u2028x\npkg_origin=o".encode(), Plan("é\u2028x", "o")),
    ],
)
def test_a_line_counts_if_its_key_is_known(text: bytes, plan: Plan) -> None:
    assert read_plan(text) == plan


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "the plan has no pkg_name"),
        (b"pkg_origin=o", "the plan has no pkg_name"),
        (b"pkg_name=n", "the plan has no pkg_origin"),
        (REST + b"\xff", "the plan is not UTF-8"),
        (REST + b"pkg_version=" + b"x" * (MOST_CHARACTERS + 1), "a value of the plan has more than"),
    ],
)
def test_a_plan_without_name_or_origin_is_malformed(text: bytes, reason: str) -> None:
    with pytest.raises(PlanMalformed, match=reason):
        read_plan(text)


@given(st.binary(max_size=300))
def test_every_other_content_is_a_plan_or_malformed(content: bytes) -> None:
    try:
        plan = read_plan(content)
    except PlanMalformed:
        return
    assert not set(plan.name + plan.origin) & {'"', "'", "\n"}
