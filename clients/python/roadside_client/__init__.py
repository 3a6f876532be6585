"""Ask a server for a scenario, read its tiles, open its results."""
