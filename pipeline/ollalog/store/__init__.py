"""Parquet parts and the SQLite catalogue: commit, publish, recover, prove."""
