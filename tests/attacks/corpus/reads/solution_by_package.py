# Asks the package for the lesson's own solution.
# control
import pkgutil
pkgutil.get_data("ninja_tui", "lessons/names/solution.py")
raise RuntimeError(@HIT@)
