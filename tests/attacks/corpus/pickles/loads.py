# Unpickles a command.
# control
import pickle
pickle.loads(b"cposix\nsystem\n(S'touch @CANARY@/made'\ntR.")
