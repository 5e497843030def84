"""Where the network trains: state, form, screen, curve."""
