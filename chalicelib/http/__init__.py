"""The HTTP contract's quirks in one place: declarations of routes, calls, answers, errors and paging."""
