"""Networks of other kinds than the lessons', each a script as a person writes it: right, wrong and rewritten."""
