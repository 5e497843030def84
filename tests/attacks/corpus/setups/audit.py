# Adds a hook that refuses everything.
# others: broken
import sys
def refuse(event, arguments):
    if event in ("exec", "compile", "import"):
        raise RuntimeError("no")
sys.addaudithook(refuse)
