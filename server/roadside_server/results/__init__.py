"""Values as Zarr chunks: encoded, kept, summed up."""
