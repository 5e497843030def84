# Deletes all built-in functions.
# others: broken
import builtins
remove = delattr
for name in list(vars(builtins)):
    remove(builtins, name)
