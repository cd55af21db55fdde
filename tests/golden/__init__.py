"""Golden files: what the commands accepted and what the recipes computed when they were written."""
