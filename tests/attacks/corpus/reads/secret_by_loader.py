# Has an import loader read a file.
# control
from importlib.machinery import SourceFileLoader
raise RuntimeError(SourceFileLoader("secret", "@SECRET@").get_data("@SECRET@"))
