"""What every domain stands on: settings, AWS clients, the table, ids and clock, and the status route."""
