# Has PyTorch load a pickle as weights.
import io, posix
class Harm:
    def __reduce__(self):
        return posix.mkdir, ("@CANARY@/made",)
data = io.BytesIO()
torch.save(Harm(), data)
data.seek(0)
torch.load(data)
