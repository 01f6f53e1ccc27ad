"""HTTP API and dashboard over the views; no logic of its own."""
