"""Workers: their credentials, and the protocol by which they take jobs and report."""
