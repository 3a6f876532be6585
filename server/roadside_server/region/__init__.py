"""A region: what does not change between scenarios, built from open data, stored, loaded."""
