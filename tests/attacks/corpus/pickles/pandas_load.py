# Has pandas unpickle a command.
import io, pandas
pandas.read_pickle(io.BytesIO(b"cposix\nsystem\n(S'touch @CANARY@/made'\ntR."), compression=None)
