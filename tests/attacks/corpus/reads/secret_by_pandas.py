# Has pandas open a file.
import pandas
raise RuntimeError(pandas.read_csv("@SECRET@").to_csv())
