"""Errors that explain themselves to the client."""


class Explained(Exception):
    """An error that always has a text, which is the body of the answer. Answers to other errors may be empty."""
