"""What is wrong, and since when."""
