"""Events in their stored and compressed forms. Pure."""
