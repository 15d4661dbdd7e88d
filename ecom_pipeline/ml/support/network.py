"""The network of the transformer, put together anew from its weights so that whole numbers are multiplied.

The file of the package holds int8 weights in a graph that turns them into floats and multiplies those. Here the numbers
of every token are rounded to 8 bits, too, in steps of their own (Yao et al. 2022, "ZeroQuant: efficient and affordable
post-training quantization for large-scale transformers"), so that what is read beside a text changes nothing of it. Which
texts are read together, and what is made of the numbers, do not belong here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

LONGEST = 128
"""Tokens of a text that are read at most."""
_LAYERS, _HEADS, _DENSE = 6, 12, 6
_EPSILON = 1e-12
_FUSED = "com.microsoft"


def integer_network(file: Path) -> bytes:
    """Return a network that turns tokens (``ids``, texts of one length, at the ``places``) into numbers (``hidden``).

    Parameters
    ----------
    file
        all-MiniLM-L6-v2, its weights as int8 with a scale per column.
    """
    from onnx import TensorProto, helper

    graph = _Graph(file)
    hidden = graph.embeddings()
    for layer in range(_LAYERS):
        hidden = graph.layer(layer, hidden)
    graph.nodes.append(helper.make_node("Identity", [hidden], ["hidden"]))
    shapes = {"ids": ["texts", "tokens"], "places": ["tokens"]}
    given = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name, shape in shapes.items()]
    told = [helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["texts", "tokens", None])]
    made = helper.make_graph(graph.nodes, "integer_network", given, told, graph.constants)
    versions = [helper.make_opsetid("", 18), helper.make_opsetid(_FUSED, 1)]
    return bytes(helper.make_model(made, opset_imports=versions, ir_version=8).SerializeToString())


class _Graph:
    """Steps that are put one after the other, and the numbers that they use."""

    def __init__(self, file: Path) -> None:
        import onnx

        source = onnx.load(file).graph
        self.weights = {each.name: onnx.numpy_helper.to_array(each) for each in source.initializer}
        products = [node.input[1] for node in source.node if node.op_type == "MatMul"]
        self.dense = [name for name in products if f"{name}_q" in self.weights]
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.step, self.middle = self.constant(np.float32(1)), self.constant(np.uint8(128))
        self.last, self.largest = self.constant(np.array([-1])), self.constant(np.float32(127))

    def constant(self, values: Any) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def add(self, kind: str, *given: str, **settings: Any) -> str:
        return self.several(1, kind, *given, **settings)[0]

    def several(self, results: int, kind: str, *given: str, **settings: Any) -> list[str]:
        from onnx import helper

        names = [f"step_{len(self.nodes)}_{number}" for number in range(results)]
        self.nodes.append(helper.make_node(kind, given, names, **settings))
        return names

    def embeddings(self) -> str:
        """Return what the tokens mean by themselves, at their places."""
        rows = self._looked_up("word_embeddings.weight", "ids")
        places = self._looked_up("position_embeddings.weight", "places")
        kind = self.constant(self.weights["inner.embeddings.token_type_embeddings.weight"][0])
        total = self.add("Add", self.add("Add", rows, places), kind)
        return self._normed(total, "inner.embeddings.")

    def layer(self, number: int, hidden: str) -> str:
        """Return what the tokens mean beside each other."""
        name = f"inner.encoder.layer.{number}."
        *looks, attended, wider, narrower = self.dense[_DENSE * number : _DENSE * (number + 1)]
        biases = [self.weights[f"{name}attention.self.{part}.bias"] for part in ("query", "key", "value")]
        parts = self.several(3, "Split", self._product(hidden, looks), axis=-1, num_outputs=3)
        bias = self.constant(np.concatenate(biases))
        seen = self.add("MultiHeadAttention", *parts, bias, domain=_FUSED, num_heads=_HEADS)
        hidden = self._joined(self._product(seen, [attended]), hidden, f"{name}attention.output.")
        inner = self._product(hidden, [wider])
        inner = self.add("BiasGelu", inner, *self._named(name, "intermediate.dense.bias"), domain=_FUSED)
        return self._joined(self._product(inner, [narrower]), hidden, f"{name}output.")

    def _product(self, hidden: str, names: list[str]) -> str:
        """Multiply by the weights of some names, side by side, as whole numbers."""
        weights = self.constant(np.concatenate([self.weights[f"{name}_q"] for name in names], axis=1))
        scales = self.constant(np.concatenate([self.weights[f"{name}_scale"].ravel() for name in names]))
        step = self.add("Div", self.add("ReduceMax", self.add("Abs", hidden), self.last), self.largest)
        rounded = self.add("QuantizeLinear", self.add("Div", hidden, step), self.step, self.middle)
        known = (self.step, scales, self.middle)
        return self.add("Mul", self.add("MatMulIntegerToFloat", rounded, weights, *known, domain=_FUSED), step)

    def _joined(self, new: str, old: str, name: str) -> str:
        total = self.add("Add", self.add("Add", new, *self._named(name, "dense.bias")), old)
        return self._normed(total, name)

    def _normed(self, total: str, name: str) -> str:
        norm = self._named(name, "LayerNorm.weight", "LayerNorm.bias")
        return self.add("LayerNormalization", total, *norm, axis=-1, epsilon=_EPSILON)

    def _looked_up(self, name: str, places: str) -> str:
        rows, scales = self._named("inner.embeddings.", f"{name}_q", f"{name}_scale")
        numbers = self.add("CastLike", self.add("Gather", rows, places), scales)
        return self.add("Mul", numbers, self.add("Gather", scales, places))

    def _named(self, name: str, *parts: str) -> list[str]:
        return [self.constant(self.weights[name + part]) for part in parts]
