"""The documentation: its pages, and what makes parts of them from the code."""
