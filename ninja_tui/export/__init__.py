"""A file's answers to keep and to show: as a notebook that runs by itself, and as one page."""
