"""Turn lines into records: envelope, fold, route, extract, normalise."""
