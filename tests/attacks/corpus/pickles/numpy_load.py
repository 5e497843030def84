# Has NumPy load an array of objects.
# control
import io, numpy, posix
class Harm:
    def __reduce__(self):
        return posix.mkdir, ("@CANARY@/made",)
data = io.BytesIO()
numpy.save(data, numpy.array([Harm()], dtype=object))
data.seek(0)
numpy.load(data, allow_pickle=True)
