"""The catalogue's tables. Times are µs since 1970 UTC; the lookups of a commit all go through a key or an index."""

VERSION = 5

STATEMENTS = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "INSERT INTO meta VALUES ('next_batch', 1)",
    "CREATE TABLE batches (batch INTEGER PRIMARY KEY, kind TEXT NOT NULL, committed_us INTEGER NOT NULL)",
    """CREATE TABLE sources (
        id INTEGER PRIMARY KEY, family TEXT NOT NULL, path TEXT NOT NULL, kind TEXT NOT NULL, generation INTEGER NOT NULL,
        predecessor INTEGER, device TEXT, inode TEXT, head_bytes INTEGER NOT NULL, head_hash TEXT NOT NULL,
        byte_offset INTEGER NOT NULL, host TEXT NOT NULL)""",
    """CREATE TABLE checkpoints (
        source INTEGER NOT NULL, byte_offset INTEGER NOT NULL, tail_hash TEXT NOT NULL,
        PRIMARY KEY (source, byte_offset)) WITHOUT ROWID""",
    "CREATE TABLE states (family TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE ledger (
        id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, source INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
        lines INTEGER NOT NULL, fates TEXT NOT NULL, noise TEXT NOT NULL, rows TEXT NOT NULL, gap_bytes INTEGER)""",
    "CREATE INDEX ledger_by_source ON ledger (source, id)",
    """CREATE TABLE totals (
        source INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (source, kind, name)) WITHOUT ROWID""",
    """CREATE TABLE parts (
        id INTEGER PRIMARY KEY, tbl TEXT NOT NULL, date TEXT NOT NULL, batch INTEGER NOT NULL, version INTEGER NOT NULL,
        open INTEGER NOT NULL, rows INTEGER NOT NULL, size_bytes INTEGER NOT NULL, min_us INTEGER, max_us INTEGER,
        UNIQUE (tbl, date, batch))""",
    "CREATE UNIQUE INDEX open_heads ON parts (tbl, date) WHERE open = 1",
    """CREATE TABLE part_sources (
        part INTEGER NOT NULL, source INTEGER NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (part, source)) WITHOUT ROWID""",
    "CREATE INDEX parts_by_source ON part_sources (source, part)",
    "CREATE TABLE retired (path TEXT PRIMARY KEY, published TEXT, retired_us INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX retired_by_time ON retired (retired_us)",
)

# What each later version adds to the one before; a new catalogue is made by all of them in turn.
UPGRADES = {
    2: (
        # Rows that retention took away, by the batch that wrote them: with them the ledger still adds up.
        """CREATE TABLE removed (
            tbl TEXT NOT NULL, batch INTEGER NOT NULL, source INTEGER NOT NULL, rows INTEGER NOT NULL,
            PRIMARY KEY (tbl, batch, source)) WITHOUT ROWID""",
        # Of an entry that several batches were folded into, the first of them.
        "ALTER TABLE ledger ADD COLUMN first_batch INTEGER",
    ),
    # Notifications of alerts that a sink has not taken yet.
    3: ("CREATE TABLE outbox (id TEXT PRIMARY KEY, sink TEXT NOT NULL, body TEXT NOT NULL, queued_us INTEGER NOT NULL)",),
    4: (
        # What is counted beside the rows; a store that has rows already gets it by a recount.
        """CREATE TABLE series (
            id INTEGER PRIMARY KEY, family TEXT NOT NULL, labels TEXT NOT NULL, value NUMERIC NOT NULL, buckets TEXT NOT NULL,
            least INTEGER, greatest INTEGER, at_us INTEGER NOT NULL, UNIQUE (family, labels))""",
    ),
    5: (
        # Requests that are not counted yet, because their run is not known for good; and runs that may be theirs.
        """CREATE TABLE uncounted (
            source INTEGER NOT NULL, byte_offset INTEGER NOT NULL, family TEXT NOT NULL, said TEXT NOT NULL, model TEXT,
            wait_ns INTEGER, since_us INTEGER NOT NULL, PRIMARY KEY (source, byte_offset)) WITHOUT ROWID""",
        """CREATE TABLE free_runs (
            source INTEGER NOT NULL, byte_offset INTEGER NOT NULL, family TEXT NOT NULL, model TEXT, total_ns INTEGER,
            PRIMARY KEY (source, byte_offset)) WITHOUT ROWID""",
        # How long requests waited that waited when the newest of them came, by host.
        "CREATE TABLE queues (host TEXT PRIMARY KEY, newest_us INTEGER NOT NULL, waits TEXT NOT NULL) WITHOUT ROWID",
        # Requests are counted by model, too; of those before it is not known.
        """UPDATE series SET labels = substr(labels, 1, length(labels) - 1) || CASE labels
            WHEN '["other", "other", "other", "other", "other"]' THEN ', "other"]' ELSE ', ""]' END WHERE family = 'requests'""",
    ),
}
