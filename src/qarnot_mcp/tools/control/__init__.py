"""The tool set control: change tasks that run."""
