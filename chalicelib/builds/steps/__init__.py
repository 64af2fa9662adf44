"""The steps of the two state machines, infra/group.asl.json and infra/job.asl.json: what their Lambda functions do.

A step reads the rows, calls the engine, and returns only ids and states. It may be repeated, because Step Functions
and Lambda may run a step twice.
"""
