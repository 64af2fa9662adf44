"""The deployed resources: the template, packaging, the builder key and the edge function."""
