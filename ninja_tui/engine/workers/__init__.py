"""The processes: the client that starts them, and what each serves."""
