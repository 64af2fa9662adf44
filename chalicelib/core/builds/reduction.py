"""The transitive reduction of a graph without cycles."""

BITSET_COLUMNS = 16_384
"""How many positions are compared at once, so that 100,000 of them need 200 MB at most."""


def reduced(needs: list[list[int]]) -> list[list[int]]:
    """Return the edges that do not follow from others. `needs` holds earlier positions only, descending.

    An edge follows if another need, directly or indirectly, needs its end. Sets of positions are the bits of integers.
    """
    kept: list[list[int]] = [[] for _ in needs]
    for first in range((len(needs) - 1) // BITSET_COLUMNS * BITSET_COLUMNS, -1, -BITSET_COLUMNS):
        last = first + BITSET_COLUMNS
        reached: list[int] = []
        for position, direct in enumerate(needs):
            reach = 0
            for each in direct:
                if not first <= each < last:
                    reach |= reached[each]
                elif not reach >> (each - first) & 1:
                    kept[position].append(each)
                    reach |= reached[each] | 1 << (each - first)
            reached.append(reach)
    return kept
