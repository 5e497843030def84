"""A Report for people, with the code that each sentence is about, and as JSON for programs."""
