# Waits for an event in a loop.
import asyncio
asyncio.run(asyncio.Event().wait())
