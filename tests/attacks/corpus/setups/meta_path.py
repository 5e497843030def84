# Puts a finder before all others, so that whatever is imported later is made by it.
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        import posix
        posix.mkdir("@CANARY@/made")
sys.meta_path.insert(0, Finder())
