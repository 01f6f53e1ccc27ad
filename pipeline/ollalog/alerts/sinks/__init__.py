"""Where alerts are told: one file each, which exports SINK."""
