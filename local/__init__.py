"""The embedded stack behind `make run`: engine, HTTP front and supervisor; never part of the deployed archive."""
