"""Parquet parts and the SQLite catalogue: commit, publish, recover, prove.

with open_store(root, command="ingest", clock=SystemClock()) as store:
    batch = store.commit(turn)
snapshot = read_snapshot(root)
"""

from ollalog.store.alert_log import AlertLog, Notification
from ollalog.store.closed_dates import (
    Derived,
    closing,
    missing_sums,
    read_closed_dates,
    sweep_closed_dates,
    write_closed_date,
    write_sums,
)
from ollalog.store.comparison import RebuildReport, TableChange
from ollalog.store.control import AckRow, ControlRows, SilenceRow, add_acks, add_silence, control_stamp, end_silence, new_id, read_control
from ollalog.store.counters import read_series
from ollalog.store.crash_points import CRASH_POINTS
from ollalog.store.lock import Writer
from ollalog.store.rebuild import Rebuild
from ollalog.store.snapshot import last_batch, read_snapshot
from ollalog.store.status import StoreStatus, read_status, writer_of
from ollalog.store.verify import Reread, VerifyReport, verify
from ollalog.store.writer import Store, open_store

__all__ = [
    "CRASH_POINTS",
    "AckRow",
    "AlertLog",
    "ControlRows",
    "Derived",
    "Notification",
    "Rebuild",
    "RebuildReport",
    "Reread",
    "SilenceRow",
    "Store",
    "StoreStatus",
    "TableChange",
    "VerifyReport",
    "Writer",
    "add_acks",
    "add_silence",
    "closing",
    "control_stamp",
    "end_silence",
    "last_batch",
    "missing_sums",
    "new_id",
    "open_store",
    "read_closed_dates",
    "read_control",
    "read_series",
    "read_snapshot",
    "read_status",
    "sweep_closed_dates",
    "verify",
    "write_closed_date",
    "write_sums",
    "writer_of",
]
