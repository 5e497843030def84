"""The app."""

import os

os.environ.setdefault("TEXTUAL_FPS", "250")  # at 60, what follows a first paint may wait 16 ms; read at the import
