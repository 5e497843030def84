# Has modules beside the file that Python imports when it starts.
# form: script
import sitecustomize, usercustomize
# %% beside: sitecustomize.py
import posix
posix.mkdir("@CANARY@/made")
# %% beside: usercustomize.py
import posix
posix.mkdir("@CANARY@/made")
# %% beside: harm.pth
import posix; posix.mkdir("@CANARY@/made")
# %% beside: pyvenv.cfg
home = @CANARY@
# %% beside: conftest.py
import posix
posix.mkdir("@CANARY@/made")
