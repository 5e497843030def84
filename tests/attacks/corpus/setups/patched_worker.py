# Replaces the loop of the worker.
# others: broken
import ninja_tui.engine.workers.main as loop
loop._carry_out = lambda call, *_: (loop.Answered(call.number), b"\x80")
loop.encode = lambda *_: b"\x80"
