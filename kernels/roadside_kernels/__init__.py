"""Air quality and road noise at receptors, one source for CPU and GPU."""
