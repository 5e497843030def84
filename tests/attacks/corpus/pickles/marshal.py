# Runs code that was marshalled.
import marshal
exec(marshal.loads(marshal.dumps(compile("import posix; posix.mkdir('@CANARY@/made')", "harm", "exec"))))
