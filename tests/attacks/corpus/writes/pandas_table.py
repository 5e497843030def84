# Has pandas write a table.
import pandas
pandas.DataFrame({"a": [1]}).to_csv("@CANARY@/made.csv")
