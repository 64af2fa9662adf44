"""The foundation of all domains: settings, AWS clients, the table, the object store, ids, clock and logs."""
