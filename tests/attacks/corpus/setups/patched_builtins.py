# Replaces built-in functions.
# others: broken
import builtins, posix
def harm(*_, **__):
    posix.mkdir("@CANARY@/made")
for name in ("isinstance", "len", "compile", "exec", "__import__", "open", "print", "str", "dict", "tuple"):
    setattr(builtins, name, harm)
