# Looks for a token in the environment.
import os
raise RuntimeError(os.environ.get("@VARIABLE@"), dict(os.environ))
