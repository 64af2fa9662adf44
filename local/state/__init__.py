"""Keeps the state of the local stack in a folder: a table and an object store with files, their backup and upkeep."""
