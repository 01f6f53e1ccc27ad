"""ollalog: which Ollama model is slow, since when, why, and what to do, from the logs the server already writes."""

__version__ = "0.1.0"
