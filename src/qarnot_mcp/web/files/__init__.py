"""The files page: a link lets a person hand files in and fetch results in a browser."""
