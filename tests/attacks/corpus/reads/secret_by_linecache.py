# Has the module for tracebacks read a file.
# control
import linecache
raise RuntimeError(linecache.getline("@SECRET@", 1))
