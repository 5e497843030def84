# Has the module for logs open a file.
# control
import logging
logging.FileHandler("@CANARY@/made.log").emit(logging.makeLogRecord({"msg": "made"}))
