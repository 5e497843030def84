# Exports a package of PyTorch's.
# control
from torch.package import PackageExporter
with PackageExporter("@CANARY@/made.pt") as exporter:
    exporter.save_text("made", "made.txt", "made")
