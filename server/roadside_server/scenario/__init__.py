"""A what-if as the server knows it: checked, in SI units, without protobuf."""
