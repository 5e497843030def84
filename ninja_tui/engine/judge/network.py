"""A forward pass as it was recorded: its values in each world, and autograd's gradients of any of them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from ninja_tui.engine.recording import draws
from ninja_tui.engine.recording.draws import Recipe
from ninja_tui.engine.recording.kinks import kinks_among, sides_of, sides_taken, values_with
from ninja_tui.engine.recording.record import Leaf, Number, Operation, Record, Root
from ninja_tui.engine.recording.replay import RAISED, Paths, Replay, Values, doubled, with_gradient

HOME = 0
"""The index of the world with the program's own values."""
FIRST_RECIPES = (
    Recipe(seed=1, positive=False),
    Recipe(seed=2, spread=2.0, sign=-1.0, even=True),
)
FURTHER_RECIPES = (
    Recipe(seed=1, sign=-1.0, even=True),
    Recipe(seed=3, spread=8.0, even=True),
    Recipe(seed=3, spread=8.0, sign=-1.0),
    Recipe(seed=4, spread=100.0, even=True),
    Recipe(seed=5, spread=3e4),
    Recipe(seed=6, spread=0.1),
    Recipe(seed=7, spread=1e6),
    Recipe(seed=8, spread=4.0, sign=-1.0),
)
SIGN_RECIPES = tuple(Recipe(seed=seed, even=True) for seed in range(20, 44))
"""For networks of few numbers: until each, and its gradient, has had both signs."""
CAREFUL_RECIPES = (Recipe(seed=1, positive=True), Recipe(seed=2, spread=0.3, positive=True, even=True))
"""For networks that are not finite where a parameter is negative."""
NEAR_RECIPES = (Recipe(seed=9, near=0.1), Recipe(seed=10, near=0.01))
"""For networks that are finite, or take the branches that they take, only near their own values."""
NO_SIGN = 1e-9
"""What is nearer to 0 has no sign that tells anything."""
FEW = 24
"""Numbers in all sources; of so few, several draws are needed for both signs of everything."""


@dataclass(frozen=True)
class Output:
    """Where a backward pass starts: a value, and the gradient that flows in (None: 1)."""

    number: Number
    seed: Number | None = None


class World:
    """The values of a network, with autograd's graph of them."""

    def __init__(self, network: Network, values: Values, recipe: Recipe | None) -> None:
        self.values = values
        self.recipe = recipe
        self._network = network
        self._leaves: Values = {}
        self._gradients: dict[Number, torch.Tensor] = {}
        self._detached: Values = {}

    def value(self, number: Number) -> torch.Tensor:
        """A value, without autograd."""
        if number not in self._detached:
            self._detached[number] = self.values[number].detach()
        return self._detached[number]

    def leaf(self, leaf: Leaf) -> torch.Tensor:
        """The value here of a leaf that the network itself does not use: that of one which is the same, or its own."""
        if leaf.number not in self._leaves:
            twin = self._network.twin(leaf)
            self._leaves[leaf.number] = doubled(leaf.value) if twin is None else self.value(twin)
        return self._leaves[leaf.number]

    def gradient(self, number: Number) -> torch.Tensor:
        """Autograd's gradient of a value."""
        if number not in self._gradients:
            self._gradients[number] = self.pulled([number])[number]
        return self._gradients[number]

    def gradients(self, numbers: Iterable[Number]) -> dict[Number, torch.Tensor]:
        """Autograd's gradients of many values at once."""
        missing = [number for number in numbers if number not in self._gradients]
        self._gradients |= self.pulled(missing) if missing else {}
        return self._gradients

    def pulled(
        self, wanted: Sequence[Number], weights: Mapping[Number, torch.Tensor] | None = None, *, loss: bool = True
    ) -> dict[Number, torch.Tensor]:
        """Autograd's gradients of ``wanted`` of the loss plus the sum of ``weights`` times these values.

        Without ``loss`` of that sum alone.
        """
        if not weights:
            return self._pulled_from_losses(wanted) if loss else self._pulled(wanted, [])
        if not loss:
            return self._pulled(wanted, self._weighed(weights))
        gradients = self.gradients(wanted)  # those of a sum are the sum: the way from the loss is gone only once
        added = self._pulled(wanted, self._weighed(weights))
        return {number: gradients[number] + added[number] for number in wanted}

    def _pulled_from_losses(self, wanted: Sequence[Number]) -> dict[Number, torch.Tensor]:
        """The gradients of the losses, which add up in their order, as they do in a ``.grad``."""
        first, *others = [(self.values[each.number], self._seed(each)) for each in self._network.outputs]
        result = self._pulled(wanted, [first])
        for each in others:
            added = self._pulled(wanted, [each])
            result = {number: result[number] + added[number] for number in wanted}
        return result

    def _weighed(self, weights: Mapping[Number, torch.Tensor]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        return [(self.values[number], weight) for number, weight in weights.items()]

    def _pulled(
        self, wanted: Sequence[Number], outputs: Sequence[tuple[torch.Tensor, torch.Tensor]]
    ) -> dict[Number, torch.Tensor]:
        """The gradients of the sum of values times weights."""
        outputs = [(value, weight) for value, weight in outputs if value.requires_grad]
        inputs = [self.values[number] for number in wanted]
        flowing = [index for index, each in enumerate(inputs) if each.requires_grad]
        result = {number: torch.zeros_like(self.value(number)) for number in wanted}
        if not outputs or not flowing:
            return result
        # one number: grad_outputs would have autograd import half a second of symbolic shapes
        total = torch.stack([(value * weight.expand(value.shape)).sum() for value, weight in outputs]).sum()
        pulled = torch.autograd.grad(total, [inputs[index] for index in flowing], retain_graph=True, allow_unused=True)
        for index, gradient in zip(flowing, pulled, strict=True):
            if gradient is not None:
                result[wanted[index]] = gradient
        return result

    def _seed(self, output: Output) -> torch.Tensor:
        if output.seed is None:
            return torch.ones((), dtype=self.values[output.number].dtype)
        if output.seed in self.values:
            return self.value(output.seed)
        if output.seed not in self._detached:
            replay = Replay(self._network.record, [output.seed], self.values.keys())
            used = {each for step in replay.operations for each in (*step.inputs, output.seed)}
            known = {number: self.value(number) for number in used if number in self.values}
            known |= {leaf.number: self.leaf(leaf) for leaf in replay.leaves}
            self._detached[output.seed] = replay.run(known)[output.seed].detach()
        return self._detached[output.seed]

    @property
    def finite(self) -> bool:
        """Whether the loss and all gradients of what it depends on are numbers."""
        sources = [*self._network.sources]
        if not all(bool(torch.isfinite(self.value(each.number)).all()) for each in self._network.outputs):
            return False
        return all(bool(torch.isfinite(gradient).all()) for gradient in self.pulled(sources).values())


class Network:
    """What a loss is computed from. ``outputs`` are where the backward pass starts; ``beside`` is computed as well.

    ``sources`` are its parameters, and other values that nothing recorded was computed from. Those that ``held`` was
    computed from are the same in all worlds. ``near``: there are also worlds whose values are nearly its own.
    """

    def __init__(
        self,
        record: Record,
        outputs: Sequence[Output],
        paths: Paths | None = None,
        beside: Iterable[Number] = (),
        held: Iterable[Number] = (),
        *,
        near: bool = False,
    ) -> None:
        self.record = record
        self._near = NEAR_RECIPES if near else ()
        self.outputs = tuple(outputs)
        self.losses = tuple(each.number for each in outputs)
        boundary = {each for each in record.parameters if self._is_leaf_of_autograd(each)} | self._of_earlier_turns()
        self.members = set[Number]().union(*(record.ancestors(each, boundary) for each in self.losses))
        self.parameters = tuple(sorted(self.members & boundary))
        paths = paths or (Paths.TRACKED if self._is_tracked else Paths.ALL)
        wanted = (*self.losses, *beside)
        self._replay = Replay(record, wanted, frozenset(self.parameters), paths)
        self._own = Replay(record, [*wanted, *self.parameters], (), paths, torch.float32)
        self._home = Replay(record, [*wanted, *self.parameters])
        self.operations = self._replay.operations
        self.sources = (*self.parameters, *(leaf.number for leaf in self._replay.leaves))
        self.computed = {number for step in self.operations for number in step.outputs} | set(self.sources)
        self._worlds: list[World] = []
        self._single: World | None = None
        self._one_sided: frozenset[Number] = frozenset()
        self._recipes: tuple[Recipe, ...] = (*FIRST_RECIPES, *FURTHER_RECIPES)
        self._held = self._held_for([*record.indices, *held])

    @property
    def _is_tracked(self) -> bool:
        return any(backward.loss in self.losses for backward in self.record.backwards)

    def _is_leaf_of_autograd(self, number: Number) -> bool:
        step = self.record.step_of(number)
        return not (isinstance(step, Operation) and step.engine)

    def _held_for(self, numbers: Iterable[Number]) -> frozenset[Number]:
        """Leaves that stay for the sake of these values, which are known elsewhere as they are."""
        held: set[Number] = set()
        for number in numbers:
            held |= self.record.ancestors(number)
        return frozenset(leaf.number for leaf in self._replay.leaves if leaf.number in held)

    @property
    def varied(self) -> set[Number]:
        """The parameters and leaves that are others in other worlds."""
        leaves = {leaf.number for leaf in self._replay.leaves if not self._stays(leaf)}
        return {*self.parameters, *leaves}

    def _of_earlier_turns(self) -> set[Number]:
        """What a turn of training has from the turn before: it was computed there, and is a parameter here."""
        record = self.record
        if self._is_tracked:  # autograd knows where it begins
            return set()
        last = max(record.made_by[each] for each in self.losses)
        loops = [each for each in record.trainings if each.is_last(last)]
        return {
            number
            for number, step in enumerate(record.made_by)
            if any(each.is_over(step) for each in loops)
            and isinstance(record.steps[step], Operation)
        }  # fmt: skip

    def twin(self, leaf: Leaf) -> Number | None:
        """A leaf of the network with the same numbers, made anew; None where there is none."""
        for other in self._replay.leaves:
            same = other.dtype == leaf.dtype and other.value.shape == leaf.value.shape and leaf.value.numel() > 1
            if same and torch.equal(other.value.to(leaf.dtype), leaf.value.to(leaf.dtype)):
                return other.number
        return None

    @functools.cached_property
    def is_complex(self) -> bool:
        """Whether any of it is complex numbers."""
        values = self._own.run({})
        return any(values[each].is_complex() for each in self.computed if each in values)

    def keep_to_home(self) -> None:
        """Draws no other worlds: some numbers of the program became Python's, and would be others there."""
        self._recipes = ()

    def home(self) -> World:
        """The world with the program's own values, in float64."""
        return self.worlds()[HOME]

    def single(self) -> World:
        """The program's own values as it has them, in float32."""
        if self._single is None:
            self._single = World(self, self._own.run({}, differentiable=True), None)
        return self._single

    def worlds(self) -> list[World]:
        """The home world first, then others in which loss and gradients are finite."""
        if not self._worlds:
            before = self._home.run({})
            own = {number: _differentiable(before[number]) for number in self.parameters}
            self._worlds = [World(self, self._replay.run(own, differentiable=True), None)]
            self._draw(before)
        return self._worlds

    @property
    def one_sided(self) -> frozenset[Number]:
        """Values of operations that bend, such as ``clamp``, of which no world takes one of the branches."""
        self.worlds()
        return self._one_sided

    def _draw(self, own: Values) -> None:
        kinks = kinks_among(self.operations)
        open_sides = sides_of(kinks) - sides_taken(kinks, self._worlds[HOME].values)
        few = sum(self._worlds[HOME].values[source].numel() for source in self.sources) <= FEW
        signs = self._signs(self._worlds[HOME]) if few else set()
        wanted = {(number, not positive) for number, positive in signs}
        base = 6 if few or self._near else 2
        for index, recipe in enumerate((*self._recipes, *(SIGN_RECIPES if few and self._recipes else ()))):
            if index >= base and not open_sides and not wanted:
                break
            world = self._drawn(recipe, own)
            if world is None and index < 2:
                world = self._drawn(CAREFUL_RECIPES[index], own)
            if world is None:
                continue
            taken = sides_taken(kinks, world.values)
            seen = self._signs(world) if few else set()
            if index < base or open_sides & taken or wanted & seen:
                self._worlds.append(world)
            open_sides -= taken
            wanted -= seen
        self._worlds += [world for world in (self._drawn(recipe, own) for recipe in self._near) if world is not None]
        self._one_sided = values_with(open_sides)

    def _signs(self, world: World) -> set[tuple[tuple[Number, Number], bool]]:
        """The sign of each single number, and of it beside what it was computed from.

        Among few numbers one sign may hide what ``abs()`` does, and two that are alike which of them a mask is made of.
        """
        single = [number for number in self.computed if world.values[number].numel() == 1]
        values = [(number, world.value(number)) for number in single if world.values[number].is_floating_point()]
        gradients = world.gradients([number for number, _ in values])
        known = dict(values)
        pairs = [(one, other) for step in self.operations for one in step.inputs for other in step.outputs]
        told = [((number, number), value) for number, value in values]
        told += [((-1 - number, -1 - number), gradients[number]) for number, _ in values]
        told += [(pair, known[pair[0]] * known[pair[1]]) for pair in pairs if pair[0] in known and pair[1] in known]
        return {(key, bool(value > 0)) for key, value in told if abs(float(value)) > NO_SIGN}

    def _drawn(self, recipe: Recipe, own: Values) -> World | None:
        """A world of other values; None where it cannot be computed, or is not finite."""
        given = {number: _differentiable(draws.parameter(own[number], recipe, number)) for number in self.parameters}
        given |= {leaf.number: _differentiable(self._other(leaf, recipe)) for leaf in self._replay.leaves}
        try:
            world = World(self, self._replay.run(given, differentiable=True), recipe)
            return world if world.finite else None
        except RAISED:
            return None

    def _other(self, leaf: Leaf, recipe: Recipe) -> torch.Tensor:
        """Another value for a leaf, unless it stays."""
        return doubled(leaf.value) if self._stays(leaf) else draws.leaf(leaf, recipe)

    def _stays(self, leaf: Leaf) -> bool:
        """Whether a leaf is the same in all worlds; numbers in the code are where there are parameters to vary."""
        return leaf.number in self._held or (leaf.root is Root.LITERAL and bool(self.parameters))


def _differentiable(value: torch.Tensor) -> torch.Tensor:
    return with_gradient(value.detach().clone())
