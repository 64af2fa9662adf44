"""Which nodes of a full shard stay."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.builds.numbered_graph import Node
from chalicelib.graph.fair_share import fitting, size_of

NODES = st.dictionaries(
    st.builds("{}/{}".format, st.sampled_from("abcdef"), st.integers(0, 99)),
    st.builds(Node, st.just("i"), st.lists(st.text("x", min_size=1, max_size=30), max_size=9).map(tuple), st.just(())),
)


def sizes_of(nodes: dict[str, Node]) -> Counter[str]:
    sizes: Counter[str] = Counter()
    for name, node in nodes.items():
        sizes[name.partition("/")[0]] += size_of(name, node)
    return sizes


@given(NODES, st.integers(0, 5_000))
def test_an_origin_that_takes_no_more_than_an_equal_share_loses_nothing(nodes: dict[str, Node], most: int) -> None:
    kept, before = fitting(nodes, most), sizes_of(nodes)

    after = sizes_of(kept)
    assert sum(after.values()) <= most
    for origin, size in before.items():
        if size * len(before) <= most:
            assert after[origin] == size
    assert kept.items() <= nodes.items()


@given(NODES)
def test_nothing_is_left_out_without_need(nodes: dict[str, Node]) -> None:
    assert fitting(nodes, sum(sizes_of(nodes).values())) == nodes


def test_the_largest_nodes_of_the_largest_origin_go_first() -> None:
    small, large = Node("i", ("x",), ()), Node("i", ("x" * 500,), ())
    nodes = {"greedy/a": large, "greedy/b": small, "quiet/a": small}

    assert set(fitting(nodes, 200)) == {"greedy/b", "quiet/a"}
