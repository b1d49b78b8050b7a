"""The storage: buckets and the files in them, over S3."""
