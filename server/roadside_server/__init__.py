"""Regions, emissions, scenarios; receives requests, computes them, streams tiles."""
