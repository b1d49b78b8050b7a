"""The page where a person gives the key."""
