"""The depot's events: rows, their index, and folding rows into it."""
