"""Changes that a state machine finishes: their rows and their steps."""
