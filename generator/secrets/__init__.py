"""What is secret: its table, and how it is made, encrypted and rotated."""
