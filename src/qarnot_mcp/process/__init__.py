"""What runs the app: socket, signals, log, traces."""
