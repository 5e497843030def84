# Has SQLite make a database.
# control
import sqlite3
sqlite3.connect("@CANARY@/made.db").execute("create table made (a)")
