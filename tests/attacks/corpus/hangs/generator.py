# Takes items from what never ends.
import itertools
sum(itertools.count())
