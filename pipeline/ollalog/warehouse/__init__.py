"""DuckDB over the parts of a snapshot: views and queries -> frames. The only package that imports duckdb."""

from ollalog.warehouse.errors import PartGoneError, QueryRefusedError, QueryTimeoutError
from ollalog.warehouse.query import Warehouse, column_types, open_warehouse, unknown_view
from ollalog.warehouse.views import load_views

__all__ = [
    "PartGoneError",
    "QueryRefusedError",
    "QueryTimeoutError",
    "Warehouse",
    "column_types",
    "load_views",
    "open_warehouse",
    "unknown_view",
]
