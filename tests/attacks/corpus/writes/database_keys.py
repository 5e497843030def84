# Has dbm make a database.
import dbm.dumb
dbm.dumb.open("@CANARY@/made", "c")["a"] = b"1"
