"""What the clients of the benchmark do: each function makes one operation, which is then called again and again."""
