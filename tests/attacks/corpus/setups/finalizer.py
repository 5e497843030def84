# Does harm when an object is finalized.
import posix, torch, weakref
weakref.finalize(torch, posix.mkdir, "@CANARY@/made")
