# Imports another submission as a module.
import importlib.util
spec = importlib.util.spec_from_file_location("other", "@OTHER@")
raise RuntimeError(spec.loader.get_source("other"))
