"""The transitive reduction of a graph without cycles."""

BITSET_COLUMNS = 16_384
"""How many positions are compared at once, so that 100,000 of them need 200 MB at most."""


def implied(needs: list[list[int]]) -> set[tuple[int, int]]:
    """Return the edges that follow from others. `needs` holds earlier positions only, descending.

    An edge follows if another need, directly or indirectly, needs its end. Sets of positions are the bits of integers.
    """
    found = set()
    for first in range(0, len(needs), BITSET_COLUMNS):
        last = first + BITSET_COLUMNS
        reached: list[int] = []
        for position, direct in enumerate(needs):
            reach = 0
            for each in direct:
                bit = 1 << (each - first) if first <= each < last else 0
                if reach & bit:
                    found.add((position, each))
                else:
                    reach |= reached[each] | bit
            reached.append(reach)
    return found
