"""Tokens: how they are made, read and limited. Pure."""
