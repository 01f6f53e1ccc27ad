"""Find logs, tell them apart, and read whole lines with their byte offsets."""
