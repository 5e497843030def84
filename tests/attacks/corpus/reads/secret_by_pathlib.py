# Opens a file by its path.
# control
import pathlib
raise RuntimeError(pathlib.Path("@SECRET@").read_text())
