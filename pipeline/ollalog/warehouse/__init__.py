"""DuckDB views over the committed parts, and read-only queries."""
