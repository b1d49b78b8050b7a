"""The tools for buckets and the files in them."""
