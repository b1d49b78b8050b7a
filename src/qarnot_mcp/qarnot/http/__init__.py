"""HTTP below the client: connections, retries, responses."""
