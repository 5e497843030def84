"""Wrong and right answers for the names network, with what is to be said of each."""
