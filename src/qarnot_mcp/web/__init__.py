"""What HTTP sees: endpoint, health, guard."""
