# Replaces the pipes.
# limit: 2
# others: broken
from ninja_tui.engine.protocol.wire import Channel
Channel.send = lambda *_, **__: None
