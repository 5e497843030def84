# Has a module beside the file that takes the place of the program.
# form: script
import ninja_tui
# %% beside: ninja_tui.py
import posix
posix.mkdir("@CANARY@/made")
