"""What the clients of the benchmark do: each function makes one operation, to be called again and again."""
