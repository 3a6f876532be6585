"""Noise transfer of a region: built once, kept with it, evaluated for every scenario."""
