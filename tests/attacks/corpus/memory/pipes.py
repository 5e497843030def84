# Opens pipes without end.
# others: broken
import os
while True:
    os.pipe()
