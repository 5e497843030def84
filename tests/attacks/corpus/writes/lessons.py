# Leaves a file among the lessons, and in the package.
import ninja_tui, posix
for folder in (ninja_tui.__path__[0], ninja_tui.__path__[0] + "/lessons", ninja_tui.__path__[0] + "/.."):
    try:
        posix.mkdir(f"{folder}/@TOKEN@")
    except OSError:
        continue
