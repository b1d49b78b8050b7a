"""The Qarnot API as a thin async client; it knows nothing else of this package."""
