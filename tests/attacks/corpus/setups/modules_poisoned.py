# Puts something else in the place of modules.
# others: broken
import sys
for name in list(sys.modules):
    if name.startswith(("ninja_tui", "msgspec", "struct", "select", "json")):
        sys.modules[name] = None
