"""Pure: tensors in, Verdict out."""
