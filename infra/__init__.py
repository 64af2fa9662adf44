"""The resources of a deployment: one template, and the embedded stack that serves it on one machine."""
