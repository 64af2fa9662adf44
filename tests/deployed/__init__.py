"""`make test-deploy`: deploys the packaged template to ministack with `make deploy`'s own command, and uses it."""
