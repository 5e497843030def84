"""Mistakes of shape and of sums."""

from __future__ import annotations

from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.report.kinds.mistake import Example, Mistake
from ninja_tui.report.kinds.networks import DH, DXW, LAYER

OF_SHAPE = (
    Mistake(
        Kind.SHAPE,
        "Another shape than the tensor's",
        "A gradient has the shape of its tensor, always. Here it has another one, or the operands do not go together.",
        Example(
            LAYER,
            "b",
            DH,
            wrong="db = dh.sum(0).view(3, 1)\n",
            message="the numbers are right, the shape is not: (3, 1) for (3,)",
            right="db = dh.sum(0)\n",
        ),
        "Write down the shape of the tensor first, then that of each operand. `torch.allclose` broadcasts, and does not"
        " notice a shape that is wrong.",
    ),
    Mistake(
        Kind.NOT_SUMMED,
        "Not summed over an axis that was broadcast",
        "The tensor was broadcast on the way forward: one entry was read many times. Its gradient is the sum over all"
        " those places, and that sum is missing, or goes over another axis.",
        Example(
            LAYER,
            "b",
            DH,
            wrong="db = dh\n",
            message="not summed over axis 0: `b` (3,) was broadcast there, and this is (8, 3)",
            right="db = dh.sum(0)\n",
        ),
        "Compare the tensor's shape with that of the result. Each axis that the tensor does not have, or in which its"
        " size is 1, is to be summed; `keepdim=True` where the tensor has that axis.",
    ),
    Mistake(
        Kind.OVER_SUMMED,
        "Summed over too many axes",
        "A sum, or a mean, goes over an axis along which the tensor was not broadcast. Entries that have gradients of"
        " their own get one and the same.",
        Example(
            LAYER,
            "b",
            DH,
            wrong="db = dh.sum()\n",
            message="summed too far: over axis 1 as well: axis 0 is right",
            right="db = dh.sum(0)\n",
        ),
        "Sum over the axes that were broadcast, and over no others: `.sum(0)`, and not `.sum()`.",
    ),
    Mistake(
        Kind.TRANSPOSED,
        "Transposed",
        "The numbers are those of the transpose, or the inner sizes of a matrix product do not meet because one operand"
        " is not transposed.",
        Example(
            LAYER,
            "W",
            DXW,
            wrong="dW = dxW.T @ x\n",
            message="the transpose of it is meant: (3, 5) for (5, 3)",
            right="dW = x.T @ dxW\n",
        ),
        "For a product `x @ W` there is one way in which the other operand and the upstream gradient give the shape"
        " that is needed: write their shapes side by side, (8, 5) and (8, 3), and look for (5, 3).",
    ),
    Mistake(
        Kind.ELEMENTWISE,
        "Elementwise, where forward is a matrix product",
        "The statement is a matrix product, in which each entry goes into a whole row or column of the result. Backward"
        " is a matrix product too; `*` multiplies entry by entry.",
        Example(
            LAYER,
            "W",
            DXW,
            wrong="dW = x * dxW\n",
            message="forward is a matrix product, so backward is one too, not `*`; "
            "operands: dxW (8, 3), x (8, 5); dW must be (5, 3)",
            right="dW = x.T @ dxW\n",
        ),
        "Write a small product out by hand, two by two, and look at where one entry of the matrix goes.",
    ),
)
