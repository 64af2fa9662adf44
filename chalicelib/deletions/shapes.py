"""Shapes of deletions over HTTP (docs/ORIGINS.md)."""

from msgspec import Struct

from chalicelib.core.ident import PackageIdent


class NewDeletion(Struct, forbid_unknown_fields=True):
    """A package to delete, with or without `despite_dependents`; with `dry_run`, only the plan is returned."""

    target: str
    despite_dependents: bool = False
    dry_run: bool = False


class DeletionPlan(Struct):
    """Whether a package can be deleted, whether it was, and what depends on its name.

    `dependents` names the packages that the caller may see, and `unseen_dependents` is the number of the others. Both
    end at 100 packages; `all_dependents` is then false.
    """

    ident: PackageIdent
    target: str
    possible: bool
    deleted: bool
    dependents: list[str]
    unseen_dependents: int
    all_dependents: bool
