"""One module for each command: options, the steps in words, and what is printed."""
