"""Makes a new stack from a point-in-time copy of another stack's table and bucket (docs/OPERATIONS.md, "Restoring").

`source` names what is copied and the copies; `table_copy` and `object_copy` make them, `object_versions` chooses the
objects; `new_stack` makes a stack of them, from `excerpt`; `verification` compares the copies with their source.
"""
