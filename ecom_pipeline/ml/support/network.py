"""The network of the transformer, changed so that whole numbers are multiplied.

The file of the package holds int8 weights in a graph that turns them into floats and multiplies those. Here the numbers
of every token are rounded to 8 bits, too, in steps of their own (Yao et al. 2022, "ZeroQuant: efficient and affordable
post-training quantization for large-scale transformers"), so that what is read beside a text changes nothing of it. Which
texts are read together, and what is made of the numbers, do not belong here.
"""

from __future__ import annotations

from pathlib import Path

_PRODUCT = """
<domain: "local", opset_import: ["": 17, "com.microsoft": 1]>
integer_product (hidden, weights, scales) => (product)
{
    most = Constant <value = float {127.0}> ()
    one = Constant <value = float {1.0}> ()
    middle = Constant <value = uint8 {128}> ()
    sizes = Abs (hidden)
    largest = ReduceMax <axes = [-1]> (sizes)
    step = Div (largest, most)
    steps = Div (hidden, step)
    rounded = QuantizeLinear (steps, one, middle)
    sums = com.microsoft.MatMulIntegerToFloat (rounded, weights, one, scales, middle)
    product = Mul (sums, step)
}
"""


def integer_network(file: Path) -> bytes:
    """Return the network of a file, in which products of int8 weights (``_q``, with a ``_scale`` per column) are whole."""
    import onnx
    from onnx import helper, parser

    model = onnx.load(file)
    weights = {each.name: each for each in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "MatMul" and f"{node.input[1]}_q" in weights:
            hidden, name = node.input
            node.op_type, node.domain = "integer_product", "local"
            node.input[:] = [hidden, f"{name}_q", f"{name}_scale"]
            scales = weights[f"{name}_scale"].dims
            scales[:] = [max(scales)]
    model.functions.append(parser.parse_function(_PRODUCT))
    model.opset_import.extend(helper.make_opsetid(domain, 1) for domain in ("local", "com.microsoft"))
    return bytes(model.SerializeToString())
