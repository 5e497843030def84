# Sends its log elsewhere.
import logging, logging.handlers
logging.handlers.DatagramHandler("127.0.0.1", @PORT@).emit(logging.makeLogRecord({"msg": "stolen"}))
