"""One click command per file; each exports COMMAND."""
