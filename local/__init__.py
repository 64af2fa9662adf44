"""The embedded stack behind `make run`: an engine, an HTTP front and a supervisor. It is never deployed."""
