"""The version of the package: a module of its own, so that none has to import the package's root."""

__version__ = "0.1.0"
