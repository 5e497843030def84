# Compiles C++ code and loads it.
# limit: 3
from torch.utils import cpp_extension
cpp_extension.load_inline("harm", "int harm() { return 0; }", functions=["harm"], build_directory="@CANARY@")
