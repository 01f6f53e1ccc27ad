"""The producer's side: record what programs do with Ollama, in files that `ollalog` reads and in memory; standard library only."""
