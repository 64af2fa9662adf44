"""Workers: their credentials, the claim of jobs, and what the worker of a job reports. An addition to the contract."""
