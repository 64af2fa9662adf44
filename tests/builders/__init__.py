"""Builders: functions that create what a test needs, in one line each. Where to look:

- through the API: accounts, members, origins, packages, releases, uploads, projects, workers, webhooks
- archives, keys and bytes: hart, client_hart, hostile_hart, keys, wire
- rows that are written without the API: group_rows, job_rows, project_rows, waiting_jobs, counted_lists; read from
  memory: rows, shelf
- job groups: job_groups (active groups, with workers that take and end jobs), group_creation (requests that may die)
- instead of the engine of builds: recording_engine (for requests), engine_double (for steps and watchdogs); instead of
  Step Functions: motor_double; instead of a build: stub_strategy; instead of servers: github, http_double, raw_server
- state machines in the embedded engine: machines (of the test), state_machines (of the template)
- build graphs: graphs, stored_graph; concurrent clients in a reproducible order: histories
- the engine in the test process: engine, direct_calls, bucket; whole processes: stack, gateway
- what a test observes: log_lines, cost, declarations; settings that it changes: settings, operator_secrets
"""
