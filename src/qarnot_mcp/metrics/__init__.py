"""What the server counts for those who watch it."""
