"""Looking after an origin's packages: sets promoted together, retention, deprecations, facts. Our own addition."""
