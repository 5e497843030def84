# Has the profiler write its figures.
import cProfile
profile = cProfile.Profile()
profile.enable()
profile.disable()
profile.dump_stats("@CANARY@/made.prof")
