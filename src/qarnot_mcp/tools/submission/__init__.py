"""What is looked at before a task is submitted: each check is a rule of its own."""
