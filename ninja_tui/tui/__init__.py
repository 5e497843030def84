"""The app."""

import os

os.environ.setdefault("TEXTUAL_FPS", "500")  # a verdict need not wait for the next 60th of a second
