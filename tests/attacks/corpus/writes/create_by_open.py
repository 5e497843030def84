# Makes a file as Python does.
# control
open("@CANARY@/made.txt", "w").write("made")
