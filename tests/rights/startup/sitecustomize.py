"""Python imports this module at start if its folder is in PYTHONPATH: the API of a stack then enforces the policies."""

import sys

if "local.api:build()" in sys.orig_argv:
    from tests.rights import enforcement

    enforcement.install()
