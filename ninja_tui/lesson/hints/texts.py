"""A short rule of the backward pass for each operation, in words.

In the texts {x} is the tensor whose gradient is asked for, {y} the operation's result, {o} what stands beside it, and
{sum} says which axes are to be summed. Three hints are made of a rule: the principle, the local derivative, and the
structure of the answer in words, never the answer.
"""

from __future__ import annotations

from ninja_tui.lesson.hints.rule import Rule
from ninja_tui.lesson.hints.unary import UNARY


def _moved(name: str, back: str) -> Rule:
    return Rule(
        name,
        "{y} holds the entries of {x} in other places: local derivative 1 at the new place.",
        ("Is anything computed here at all?", f"{back}."),
        "No number changes on the way forward, so none does on the way back.",
        "The gradient has the entries of the upstream gradient, in the shape of {x}.",
        "moved",
    )


_MOVED = {
    "view": _moved("view", "The upstream gradient, folded into the shape of {x}"),
    "transpose": _moved("transpose", "The upstream gradient, with the same two axes exchanged again"),
    "permute": _moved("permute", "The upstream gradient, its axes put back in their old order"),
    "squeeze": _moved("squeeze", "The upstream gradient, with the axis of size 1 put back in"),
    "unsqueeze": _moved("unsqueeze", "The upstream gradient, without the axis that was put in"),
    "clone": _moved("a copy", "The upstream gradient as it is"),
}

RULES: dict[str, Rule] = {
    **UNARY,
    **_MOVED,
    "add": Rule(
        "a sum", "{y} has {x} as a term: local derivative 1.",
        ("What does a sum hand on to each of its terms?",
         "What comes from above as it is{sum}."),
        "A little more in one term is as much more in the sum.", "A sum copies gradients; it does not split them.",
        "broadcast"),
    "subtracted": Rule(
        "a difference", "{x} is subtracted: local derivative −1.",
        ("If {x} grows, which way does the difference go?",
         "What comes from above with the sign turned{sum}."),
        "A little more that is subtracted is as much less.", "The other side gets the same with the other sign.",
        "broadcast"),
    "neg": Rule(
        "a minus sign", "{y} = −{x}: local derivative −1.",
        ("Which way does the result go if {x} grows?",
         "What comes from above with the sign turned."),
        "A sign goes along.", "Two of them cancel.", "same"),
    "multiply": Rule(
        "a product", "{y} = {x} · {o}: local derivative {o}.",
        ("In a product, what is one factor's slope?",
         "The other factor times the upstream gradient{sum}."),
        "A little more of one factor counts as often as the other is large.", "The two factors change places.",
        "broadcast"),
    "multiply-sum": Rule(
        "a dot product", "{y} = Σ {x} · {o}: local derivative {o}.",
        ("A product, and then a sum: which gives what?",
         "The other vector times the one number that comes from above."),
        "Each entry is multiplied with its partner and added once.", "One vector's gradient points along the other.",
        "reduced"),
    "divide": Rule(
        "a quotient", "{y} = {x} / {o}: local derivative 1/{o}.",
        ("What is divided, and by what?",
         "The upstream gradient over the denominator{sum}."),
        "The denominator is a constant here.", "Small denominators make large gradients.", "broadcast"),
    "divisor": Rule(
        "a quotient's denominator", "{y} = {o} / {x}: local derivative −{o}/{x}², which is −{y}/{x}.",
        ("If the denominator grows, which way does the quotient go?",
         "Minus the quotient over the denominator, times the upstream gradient{sum}."),
        "The power rule with exponent −1, and the numerator as a factor.", "Mind sign and square.", "broadcast"),
    "power": Rule(
        "a power", "{y} is {x} to a power p: local derivative p · {x} to the power p − 1.",
        ("Which rule is for powers?",
         "The exponent times the base to the lower power, times the upstream gradient{sum}."),
        "The power rule, entry by entry; for a base with a constant in it the constant stays.",
        "For exponents below 1 small entries get large gradients.", "broadcast"),
    "exponent": Rule(
        "an exponent", "{y} is a base to the power {x}: local derivative {y} times the logarithm of the base.",
        ("Write the power with exp and log of the base.",
         "The result times the logarithm of the base, times the upstream gradient{sum}."),
        "A power is exp({x} · log base).", "Only a positive base has one.", "broadcast"),
    "matmul-left": Rule(
        "a matrix product, left operand", "{y}ᵢₖ = Σⱼ {x}ᵢⱼ · {o}ⱼₖ: local derivative {o}ⱼₖ.",
        ("Which entries of {y} does one entry of {x} reach, and through which numbers?",
         "The upstream gradient in a matrix product with {o} turned round{batch}."),
        "The sum over the columns of {y} is a matrix product again; the shapes allow no other.",
        "With more than two axes only the last two are turned.", "matmul"),
    "matmul-right": Rule(
        "a matrix product, right operand", "{y}ᵢₖ = Σⱼ {o}ᵢⱼ · {x}ⱼₖ: local derivative {o}ᵢⱼ.",
        ("How many rows of {y} use the same entry of {x}?",
         "{o} turned round in a matrix product with the upstream gradient{batch}."),
        "The sum over the rows is a matrix product again; axes of batches that {x} does not have are summed as well.",
        "The sum over the examples hides in the product.", "matmul"),
    "einsum": Rule(
        "einsum", "{y} is a sum of products; the local derivative of {x} is the product of all the others.",
        ("Which letters does {x} have, and which the result?",
         "An einsum of the upstream gradient with the other operands, with the letters of {x} behind the arrow."),
        "The same letters in another order say what is summed.", "A letter that was summed forward is spread back.",
        "matmul"),
    "linear": Rule(
        "a linear layer, its input", "{y}ᵢₖ = Σⱼ {x}ᵢⱼ · weightₖⱼ + b: local derivative weightₖⱼ.",
        ("Which outputs does one input reach, and through which weights?",
         "The upstream gradient in a matrix product with the weight as it is, not turned."),
        "The layer turns its weight round on the way forward, so it is not turned back.",
        "With a weight of size (out, in) the shapes meet by themselves.", "matmul"),
    "linear-weight": Rule(
        "a linear layer, its weight", "{y}ᵢₖ = Σⱼ inputᵢⱼ · {x}ₖⱼ + b: local derivative the input.",
        ("How many rows use the same weight?",
         "The upstream gradient turned round in a matrix product with the input, all axes but the last as rows."),
        "The weight is (out, in): outputs come first.", "The sum over the examples hides in the product.", "matmul"),
    "linear-bias": Rule(
        "a linear layer, its bias", "{x} is added to every row: local derivative 1.",
        ("To how many rows is it added?",
         "The upstream gradient summed over all axes but the last."),
        "What was spread is summed.", "No weight appears in it.", "broadcast"),
    "sum": Rule(
        "a sum over axes", "{y} adds up entries of {x}: local derivative 1 each.",
        ("How much does the sum grow if one entry grows?",
         "The upstream gradient spread over the axes that were summed."),
        "What was summed on the way forward is spread on the way back.",
        "All entries along the summed axes get the same number.", "reduced"),
    "mean": Rule(
        "a mean", "{y} is a mean of {count} entries of {x}: local derivative 1 over {count}.",
        ("What share does one entry have in the mean?",
         "The upstream gradient spread over the axes of the mean, over the count of entries in it."),
        "A mean is a sum with a factor, and the factor comes along.",
        "Count what is averaged: over which axes, and how many entries that is.", "reduced"),
    "max": Rule(
        "a maximum along an axis", "Only the largest entry counts: local derivative 1 there, 0 elsewhere.",
        ("If an entry that is not the largest grows a little, what happens?",
         "The upstream gradient, times a mask that is 1 at each largest entry (for a minimum, the smallest)."),
        "The place is found on the way forward.", "With two equal entries PyTorch gives it to one, or shares it.",
        "reduced"),
    "maximum": Rule(
        "the larger of two", "Where {x} is the larger it is passed on: local derivative 1 there, 0 elsewhere.",
        ("Which of the two came through, place by place?",
         "The upstream gradient where {x} was taken, zeros elsewhere{sum}."),
        "A choice hands its gradient to what was chosen.", "For minimum it is the smaller one.", "broadcast"),
    "var": Rule(
        "a variance", "Of N entries: local derivative 2 · ({x} − mean) / (N − 1), or over N if it is not corrected.",
        ("The variance is a mean of squares: of which?",
         "Twice the distances from the mean over N − 1, times the upstream gradient, spread along the axis."),
        "The distances add up to zero, so the path through the mean adds nothing.",
        "PyTorch divides by N − 1 unless told otherwise.", "reduced"),
    "std": Rule(
        "a standard deviation", "Of N entries: local derivative ({x} − mean) / ((N − 1) · {y}).",
        ("It is the root of the variance: two rules in a row.",
         "Distances from the mean over N − 1 and over the result, times the upstream gradient."),
        "The 2 of the square and the 2 of the root cancel.", "PyTorch divides by N − 1 unless told otherwise.",
        "reduced"),
    "norm": Rule(
        "a norm", "{y} = √Σ{x}²: local derivative {x}/{y}.",
        ("A root of a sum of squares.", "The direction of {x}, times the upstream gradient."),
        "For the Euclidean norm; others have rules of their own.",
        "A vector of length 1 times the upstream gradient.",
        "reduced"),
    "softmax": Rule(
        "softmax",
        "Along its axis, for y = softmax(x): local derivative yₖ · (1 − yₖ) of yₖ by xₖ, and −yₖ · yⱼ by every "
        "other xⱼ.",
        ("The entries compete: what one gains the others lose.",
         "The result, times the upstream gradient less its weighted average along the axis, which is kept."),
        "The denominator that all have in common gives the average.", "It adds up to zero along the axis.", "same"),
    "log_softmax": Rule(
        "log-softmax",
        "Along its axis: local derivative 1 − pₖ of entry k by itself, and −pⱼ by entry j, with p = softmax({x}).",
        ("Two terms: the entry itself, and the logarithm of the denominator.",
         "The upstream gradient, less probabilities times its sum along the axis, which is kept."),
        "exp of the result gives the probabilities.", "It adds up to zero along the axis.", "same"),
    "logsumexp": Rule(
        "logsumexp", "The local derivative is softmax({x}) along the axis.",
        ("It is a softened maximum: who gets the gradient?",
         "Each entry's share in the exponentials, times what comes from above, which is spread again."),
        "The derivative of log Σ exp.", "The shares add up to one.", "reduced"),
    "cross-entropy": Rule(
        "cross-entropy of scores",
        "Per row: local derivative the probabilities, less 1 at the label; the mean divides by the rows.",
        ("What raises the loss: high scores of wrong classes, or of the right one?",
         "Softmax of {x} minus a one-hot table of the labels, over the number of rows, times the upstream gradient."),
        "Softmax and logarithm cancel to this difference.", "Each row adds up to zero.", "reduced"),
    "nll": Rule(
        "negative log-likelihood",
        "One entry per row counts: local derivative −1 over the rows at the label, 0 elsewhere.",
        ("Which entries does the loss read at all?",
         "Zeros in the shape of {x}, with one constant at each row's label, times the upstream gradient."),
        "A lookup, a mean and a minus sign.", "No number of the network appears in it.", "reduced"),
    "mse": Rule(
        "mean squared error", "Of N entries: local derivative 2 · ({x} − {o}) / N.",
        ("A difference, a square, a mean.",
         "Twice the difference to the target, over the number of entries, times the upstream gradient."),
        "The power rule, and the mean's factor.", "Count all entries, not only the rows.", "reduced"),
    "mse-target": Rule(
        "mean squared error, its target", "Of N entries: local derivative −2 · ({o} − {x}) / N.",
        ("A difference, a square, a mean.",
         "Minus twice the difference, over the number of entries, times the upstream gradient."),
        "The same as for the other side, with the other sign.", "Count all entries, not only the rows.", "reduced"),
    "l1": Rule(
        "mean absolute error", "Of N entries: local derivative the sign of {x} − {o}, over N.",
        ("A difference, its size, a mean.",
         "Signs of the difference over the number of entries, times the upstream gradient."),
        "The size of the error does not matter, only its direction.", "Count all entries, not only the rows.",
        "reduced"),
    "l1-target": Rule(
        "mean absolute error, its target", "Of N entries: local derivative minus the sign of {o} − {x}, over N.",
        ("A difference, its size, a mean.",
         "Minus the signs of the difference over the number of entries, times the upstream gradient."),
        "The same as for the other side, with the other sign.", "Count all entries, not only the rows.", "reduced"),
    "bce-logits": Rule(
        "binary cross-entropy of scores", "Of N entries: local derivative (sigmoid({x}) − target) / N.",
        ("What raises the loss: too high a score, or too low a one?",
         "How far each probability is from its target, as a share of all entries, times what comes from above."),
        "Sigmoid and logarithm cancel to this difference.", "Zero where the probability is the target.", "reduced"),
    "expand": Rule(
        "spreading over axes", "Each entry of {x} is used several times: local derivative 1 each.",
        ("How often is each entry used?",
         "The upstream gradient summed over the axes along which {x} was spread."),
        "What was spread on the way forward is summed on the way back.", "The opposite of a sum.", "broadcast"),
    "cat": Rule(
        "joining along an axis", "{x} stands in a part of {y}: local derivative 1 there.",
        ("With which entries of the result has it to do?",
         "The slice of the upstream gradient where {x} stands, along the joined axis."),
        "Joining copies, so its gradient cuts.", "The slices of all parts make up the upstream gradient.", "part"),
    "stack": Rule(
        "stacking along a new axis", "{x} is one layer of {y}: local derivative 1 there.",
        ("With which entries of the result has it to do?",
         "The one layer of the upstream gradient along the new axis."),
        "Stacking copies, so its gradient takes out.", "The new axis is gone again.", "part"),
    "index": Rule(
        "picking entries", "{y} holds some entries of {x}: local derivative 1 for those, 0 for the rest.",
        ("Which entries are read at all, and how often?",
         "Zeros in the shape of {x}, into which the upstream gradient is added at the same index."),
        "Where an index can come up twice, it is to be accumulated: a plain assignment keeps only the last.",
        "As many entries as were not read are zero.", "part"),
    "embedding": Rule(
        "looking up rows", "{y} holds rows of {x}: local derivative 1 for those, 0 for the rest.",
        ("What becomes of a row that is looked up many times?",
         "Zeros in the shape of {x}, into which all vectors are accumulated at the rows they came from."),
        "An assignment would keep only the last of several.", "Rows that were not looked up stay zero.", "part"),
    "masked_fill": Rule(
        "filling by a mask", "Where the mask is, {y} is a constant: local derivative 0 there, 1 elsewhere.",
        ("Does an entry that was overwritten have any influence?",
         "The upstream gradient, with zeros where the mask is{sum}."),
        "A constant has the derivative 0, −∞ as well.", "The mask is the same on the way back.", "broadcast"),
    "where": Rule(
        "a choice by a condition", "{x} is taken where the condition holds: local derivative 1 there, 0 elsewhere.",
        ("Where did {x} come through?",
         "The upstream gradient where the condition holds, zeros elsewhere{sum}."),
        "A choice hands its gradient to what was chosen.", "The other side gets the rest.", "broadcast"),
    "where-not": Rule(
        "a choice by a condition",
        "{x} is taken where the condition does not hold: local derivative 1 there, else 0.",
        ("Where did {x} come through?",
         "The upstream gradient where the condition fails, zeros elsewhere{sum}."),
        "A choice hands its gradient to what was chosen.", "The other side gets the rest.", "broadcast"),
    "tril": Rule(
        "a triangle", "One triangle is kept, the rest is 0: local derivative 1 inside, 0 outside.",
        ("Which entries came through?",
         "The same triangle of the upstream gradient."),
        "A mask of ones and zeros.", "The mask is the same on the way back.", "same"),
    "dropout": Rule(
        "dropout", "{y} = {x} · mask / (1 − p): local derivative mask / (1 − p).",
        ("Which entries came through, and with what factor?",
         "The upstream gradient, times the mask of this very run and its factor."),
        "The mask must be the one that was drawn; another is another function.", "What was dropped gets 0.", "same"),
    "cumsum": Rule(
        "a running sum", "{x}ⱼ is in {y}ₖ for every k from j on: local derivative 1 there.",
        ("Which results does one entry reach?",
         "A running sum of the upstream gradient from the other end."),
        "Each entry collects from all that contain it.", "Turn round, run, turn back.", "same"),
    "layer-norm": Rule(
        "layer normalisation",
        "Of N normalised values x̂: local derivative (1 − 1/N − x̂ₖ²/N) / σ of x̂ₖ by its own entry, "
        "and (−1/N − x̂ₖ · x̂ⱼ/N) / σ by every other; the gain is a factor.",
        ("One entry reaches its whole row, through the mean and through the variance.",
         "Let g be the upstream gradient times the gain. From g subtract its mean and x̂ times the mean of g · x̂, along "
         "the normalised axes; divide by σ."),
        "The subtracted terms take out what would shift or stretch the row.", "Each row adds up to zero.", "same"),
    "batch-norm": Rule(
        "batch normalisation",
        "Per unit, of N normalised values x̂: local derivative (1 − 1/N − x̂ₖ²/N) / σ of x̂ₖ by its "
        "own entry, and (−1/N − x̂ₖ · x̂ⱼ/N) / σ by every other; the gain is a factor.",
        ("One entry reaches its unit's values in all examples, through the mean and through the variance.",
         "Let g be the upstream gradient times the gain. From g subtract its mean and x̂ times the mean of g · x̂, over "
         "the batch; divide by σ."),
        "Where the variance divides by n − 1, the last term has another factor than 1/n.",
        "Each column adds up to zero.", "same"),
    "norm-gain": Rule(
        "a normalisation's gain", "{y} = x̂ · {x} + bias: local derivative x̂.",
        ("What is it multiplied with?",
         "Normalised values times the upstream gradient{sum}."),
        "A product whose factor was spread.", "The sum runs over all that shares the gain.", "broadcast"),
    "norm-bias": Rule(
        "a normalisation's bias", "{y} = x̂ · gain + {x}: local derivative 1.",
        ("How often is it added?", "The upstream gradient as it is{sum}."),
        "A term that was spread.", "No normalised value appears in it.", "broadcast"),
    "conv1d": Rule(
        "a convolution, its input", "{y}ₜ = Σₛ weightₛ · {x}ₜ₊ₛ: each entry of {x} reaches as many places as the "
        "kernel is long, each time with one weight for a local derivative.",
        ("Which results does one entry reach, and through which weights?",
         "A convolution of the upstream gradient with the kernel mirrored, and the two channel axes exchanged."),
        "conv_transpose1d is this very sum.", "At the ends fewer places are reached.", "own"),
    "conv1d-weight": Rule(
        "a convolution, its weight",
        "{y}ₜ = Σₛ {x}ₛ · inputₜ₊ₛ: local derivative inputₜ₊ₛ, at all places of all examples.",
        ("How many places use the same weight?",
         "For each offset of the kernel: the input shifted by it, in a product with the upstream gradient, summed over "
         "examples and places."),
        "A sum over all uses, one for each offset.", "Its axes: output channel, input channel, offset.", "own"),
    "conv1d-bias": Rule(
        "a convolution, its bias", "{x} is added at every place: local derivative 1.",
        ("How often is it added?",
         "The upstream gradient summed over all axes but that of the channels."),
        "What was spread is summed.", "No weight appears in it.", "own"),
    "other": Rule(
        "this operation",
        "Write the statement down for single entries, with indices, and differentiate: that is the local "
        "derivative.",
        ("If one entry of {x} grew by a little, which entries of {y} would change, and by how much?",
         "The chain rule: upstream gradient times that derivative, summed over the indices that {x} does not have."),
        "There is no rule for this operation here; what holds for every one of them is this.",
        "Compare the shape first: it must be that of {x}.", "own"),
}  # fmt: skip
