# Asks for the lesson's own solution as a resource.
from importlib.resources import files
(files("ninja_tui") / "lessons" / "names" / "solution.py").read_bytes()
raise RuntimeError(@HIT@)
