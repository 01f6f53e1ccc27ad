"""One module per line format; each exports FORMAT."""
