"""The texts of operations on one tensor, entry by entry."""

from __future__ import annotations

from ninja_tui.lesson.hints.rule import Rule


def _unary(name: str, derivative: str, ask: str, notice: str) -> Rule:
    ends = (ask, "That slope times what comes from above, both of the same shape.")
    why = f"Each entry of {name} depends on one entry of {{x}} alone, so nothing is summed."
    return Rule(name, f"{{y}} = {name}({{x}}), local derivative {derivative}.", ends, why, notice, "same")


UNARY = {
    "exp": _unary(
        "exp",
        "{y} itself",
        "How steep is it where its result is 1, and where it is 2?",
        "Large results get large gradients.",
    ),
    "log": _unary(
        "log", "1/{x}", "How steep is a logarithm where its argument is small?", "Small arguments get large gradients."
    ),
    "log1p": _unary("log1p", "1/(1 + {x})", "Where is the logarithm taken?", "Steepest close to −1."),
    "expm1": _unary("expm1", "{y} + 1", "What does the 1 change in the slope?", "Never zero."),
    "sqrt": _unary(
        "sqrt",
        "1/(2{y})",
        "Write it as a power: which exponent?",
        "It grows without bound towards 0: hence the small constants under roots.",
    ),
    "rsqrt": _unary(
        "rsqrt", "−{y}³/2", "Write it as a power: which exponent?", "Always against the upstream gradient."
    ),
    "square": _unary("square", "2{x}", "The power rule.", "Zero where {x} is zero."),
    "reciprocal": _unary(
        "reciprocal", "−{y}²", "Write it as a power: which exponent?", "Always against the upstream gradient."
    ),
    "abs": _unary(
        "abs",
        "the sign of {x}",
        "What is the slope left of zero, and right of it?",
        "Only the direction is left of {x}.",
    ),
    "tanh": _unary(
        "tanh",
        "1 − {y}²",
        "Where is tanh steep? Its slope can be told from its output.",
        "Saturated entries, close to ±1, pass hardly anything on.",
    ),
    "sigmoid": _unary("sigmoid", "{y} · (1 − {y})", "Its slope can be told from its output.", "Never above a quarter."),
    "relu": _unary(
        "relu",
        "1 where {x} is above 0, else 0",
        "What is the slope left of zero, and right of it?",
        "What did not pass forward does not pass back.",
    ),
    "gelu": _unary(
        "gelu",
        "Φ({x}) + {x} · φ({x}), the normal distribution and its density",
        "gelu is {x} times a probability: which rule is for products?",
        'Slightly negative in places. With approximate="tanh" it is another function.',
    ),
    "silu": _unary(
        "silu",
        "σ({x}) · (1 + {x} · (1 − σ({x})))",
        "{x} times a sigmoid: which rule is for products?",
        "Slightly negative in places.",
    ),
    "softplus": _unary("softplus", "sigmoid({x})", "It is log(1 + exp): apply the chain rule.", "A softened step."),
    "sin": _unary("sin", "the cosine of {x}", "How steep is a sine at 0?", "Zero at the crests."),
    "cos": _unary("cos", "minus the sine of {x}", "How steep is a cosine at 0?", "Zero at the crests."),
    "clamp": _unary(
        "clamp",
        "1 inside the bounds, else 0",
        "Does a clamped entry have any influence?",
        "What was cut off learns nothing.",
    ),
}
