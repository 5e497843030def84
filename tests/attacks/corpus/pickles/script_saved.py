# Compiles a function and saves it.
# control
module = torch.jit.ScriptModule()
module.define("def forward(self, x):\n    return x\n")
module.save("@CANARY@/made.pt")
