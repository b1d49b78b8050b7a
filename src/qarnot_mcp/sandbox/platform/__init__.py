"""The simulated platform: accounts, tasks, machines."""
