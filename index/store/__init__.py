"""What is a store: how it is written, switched to, and opened."""
