# Replaces the pipes.
# others: broken
from ninja_tui.engine.protocol.wire import Channel
Channel.send = lambda *_, **__: None
