"""Named workloads with fixed seeds: how fast, how exact, on which machine."""
