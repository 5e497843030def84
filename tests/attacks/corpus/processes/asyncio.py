# Starts a program in an event loop.
import asyncio
asyncio.run(asyncio.create_subprocess_exec("touch", "@CANARY@/made"))
