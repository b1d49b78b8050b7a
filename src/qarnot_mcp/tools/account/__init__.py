"""The tool set account: what is left and used, and the machines that can be chosen."""
