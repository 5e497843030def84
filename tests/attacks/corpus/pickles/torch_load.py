# Has PyTorch load a pickle that runs a function.
# control
import io, pickle, posix
class Harm:
    def __reduce__(self):
        return posix.mkdir, ("@CANARY@/made",)
data = io.BytesIO()
torch.save(Harm(), data)
data.seek(0)
torch.load(data, weights_only=False)
