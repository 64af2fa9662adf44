"""`make demo`: builds, promotes and runs five small packages on a local stack."""
