# Writes into the machine's log.
import syslog, logging.handlers
syslog.syslog("forged by @TOKEN@")
logging.handlers.SysLogHandler("/dev/log").emit(logging.makeLogRecord({"msg": "forged by @TOKEN@"}))
