"""What authors of plugins test with; nothing here is needed to run models."""
