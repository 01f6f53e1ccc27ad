"""One module per wrapper around log lines; each exports ENVELOPE."""
