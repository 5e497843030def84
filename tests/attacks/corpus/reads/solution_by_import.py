# Imports the lesson's own solution.
import importlib
importlib.import_module("ninja_tui.lessons.names.solution")
raise RuntimeError(@HIT@)
