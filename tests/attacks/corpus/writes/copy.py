# Copies a file to where others see it.
# control
import shutil
shutil.copyfile("@SECRET@", "@CANARY@/copy.txt")
