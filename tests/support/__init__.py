"""What several tests need: servers, clients, stand-ins."""
