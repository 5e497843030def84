"""Runs a lesson's code on tensors, in float32 or float64."""
