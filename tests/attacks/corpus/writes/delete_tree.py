# Deletes a folder with all that is in it.
import shutil
shutil.rmtree("@CANARY@")
