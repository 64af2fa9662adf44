"""Deploys a stage to AWS or to a stand-in for it: `make deploy`, `make upgrade`, `make rollback`, `make teardown`."""
