"""Runs an ONNX graph with PyTorch's functions, so that PyTorch differentiates it: the oracle of the training engine.

    model = OnnxTorch("model.onnx", dtype=torch.float64)
    outputs = model.run({"input": x}, training=True)      # every tensor of the graph by name

One function an operator (OPERATORS), for the operators and forms of the models that the oracles use; anything else is
an error. `weights` are the floating-point initializers, as leaves that want gradients; the running averages of
BatchNormalization are `statistics` instead and are updated in place when training. Constants stay what they are.

Needs torch 2.15 and onnx 1.23. No part of Decant is used here: that is the point.
"""
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper


class OnnxTorch:
    def __init__(self, path, dtype=torch.float32):
        model = onnx.load(path)
        self.graph, self.dtype = model.graph, dtype
        self.opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        tensors = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in self.graph.initializer}
        norms = [n for n in self.graph.node if n.op_type == "BatchNormalization"]
        running = {name for n in norms for name in n.input[3:5]}
        self.constants, self.weights, self.statistics = {}, {}, {}
        self.nearest_kink = float("inf")
        for name, value in tensors.items():
            if not value.is_floating_point():
                self.constants[name] = value
            elif name in running:
                self.statistics[name] = value.to(dtype)
            else:
                self.weights[name] = value.to(dtype).requires_grad_(True)

    def run(self, inputs, training=False):
        """`training`: BatchNormalization takes the batch's statistics and updates the running ones, as PyTorch's does."""
        values = {"": None, **self.constants, **self.weights, **self.statistics}
        values.update({name: x.to(self.dtype) if x.is_floating_point() else x for name, x in inputs.items()})
        for node in self.graph.node:
            if node.op_type not in OPERATORS:
                raise NotImplementedError(f"{node.op_type} is not in the oracle's table")
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            arguments = [values[name] for name in node.input]
            result = OPERATORS[node.op_type](Call(self, attributes, training), *arguments)
            results = result if isinstance(result, tuple) else (result,)
            values.update({name: value for name, value in zip(node.output, results) if name})
        return values

    def logits(self):
        """The tensor that goes into the loss: the first output, or what its final Softmax was made of."""
        output = self.graph.output[0].name
        maker = next(node for node in self.graph.node if output in node.output)
        return maker.input[0] if maker.op_type == "Softmax" else output


class Call:
    """What an operator's function sees beside its inputs."""

    def __init__(self, model, attributes, training):
        self.model, self.attributes, self.training = model, attributes, training

    def get(self, name, default=None):
        value = self.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def refuse_unless(self, condition, form):
        if not condition:
            raise NotImplementedError(f"the oracle has not this form: {form}")


def kinked(call, x, *kinks):
    """Notes how close an activation comes to a point without a derivative, in units of the activations' size."""
    if x.requires_grad:
        for kink in kinks:
            call.model.nearest_kink = min(call.model.nearest_kink, float(((x - kink).abs().min() / x.square().mean().sqrt()).detach()))
    return x


def symmetric(call, x, spatial, value=0.0):
    """ONNX pads are begins then ends; uneven ones become a pad of their own. Gives x and the even pads."""
    pads = call.get("pads", [0] * (2 * spatial))
    begins, ends = pads[:spatial], pads[spatial:]
    call.refuse_unless(call.get("auto_pad", "NOTSET") == "NOTSET", "auto_pad")
    if begins == ends:
        return x, begins
    flat = [pad for begin, end in reversed(list(zip(begins, ends))) for pad in (begin, end)]
    return F.pad(x, flat, value=value), [0] * spatial


def conv(call, x, w, b=None):
    spatial = w.dim() - 2
    x, pads = symmetric(call, x, spatial)
    return [F.conv1d, F.conv2d, F.conv3d][spatial - 1](
        x, w, b, call.get("strides", [1] * spatial), pads, call.get("dilations", [1] * spatial), call.get("group", 1))


def conv_transpose(call, x, w, b=None):
    call.refuse_unless(w.dim() == 4 and call.get("output_shape") is None, "other than two dimensions")
    pads = call.get("pads", [0, 0, 0, 0])
    call.refuse_unless(pads[:2] == pads[2:], f"pads={pads}")
    return F.conv_transpose2d(x, w, b, call.get("strides", [1, 1]), pads[:2], call.get("output_padding", [0, 0]),
                              call.get("group", 1), call.get("dilations", [1, 1]))


def batch_normalization(call, x, scale, bias, mean, variance):
    # ONNX keeps `momentum` of the old average, PyTorch takes it as the part of the new one.
    return F.batch_norm(x, mean, variance, scale, bias, call.training, 1 - call.get("momentum", 0.9), call.get("epsilon", 1e-5))


def average_pool(call, x):
    call.refuse_unless(call.get("ceil_mode", 0) == 0 and x.dim() == 4, "ceil_mode")
    pads = call.get("pads", [0, 0, 0, 0])
    call.refuse_unless(pads[:2] == pads[2:], f"pads={pads}")
    return F.avg_pool2d(x, call.get("kernel_shape"), call.get("strides", [1, 1]), pads[:2],
                        count_include_pad=call.get("count_include_pad", 0) == 1)


def max_pool(call, x):
    call.refuse_unless(call.get("ceil_mode", 0) == 0, "ceil_mode")
    x, pads = symmetric(call, x, x.dim() - 2, float("-inf"))
    return F.max_pool2d(x, call.get("kernel_shape"), call.get("strides", [1, 1]), pads)


def gemm(call, a, b, c=None):
    product = (a.T if call.get("transA", 0) else a) @ (b.T if call.get("transB", 0) else b)
    product = product * call.get("alpha", 1.0)
    return product if c is None else product + call.get("beta", 1.0) * c


def gather(call, data, indices):
    axis = call.get("axis", 0)
    return data.index_select(axis, indices.reshape(-1)).reshape(data.shape[:axis] + indices.shape + data.shape[axis:][1:])


def slice_(call, x, starts, ends, axes=None, steps=None):
    rank = range(x.dim())
    index = [slice(None)] * x.dim()
    axes = list(rank)[:len(starts)] if axes is None else axes.tolist()
    for axis, start, end, step in zip(axes, starts.tolist(), ends.tolist(), [1] * len(axes) if steps is None else steps.tolist()):
        call.refuse_unless(step > 0, "negative steps")
        index[axis] = slice(start, min(end, x.shape[axis]) if end >= 0 else end, step)
    return x[tuple(index)]


def pad(call, x, pads, value=None, axes=None):
    call.refuse_unless(call.get("mode", "constant") == "constant" and axes is None, "mode or axes")
    begins, ends = pads.tolist()[:x.dim()], pads.tolist()[x.dim():]
    flat = [p for begin, end in reversed(list(zip(begins, ends))) for p in (begin, end)]
    return F.pad(x, flat, value=0.0 if value is None else value.item())


def reshape(call, x, shape):
    call.refuse_unless(call.get("allowzero", 0) == 0, "allowzero")
    return x.reshape([x.shape[i] if dim == 0 else dim for i, dim in enumerate(shape.tolist())])


def unsqueeze(call, x, axes=None):
    axes = call.get("axes") if axes is None else axes.tolist()
    for axis in sorted(a + x.dim() + len(axes) if a < 0 else a for a in axes):
        x = x.unsqueeze(axis)
    return x


def squeeze(call, x, axes=None):
    for axis in sorted((a % x.dim() for a in axes.tolist()), reverse=True):
        x = x.squeeze(axis)
    return x


def constant(call):
    for name in ("value", "value_float", "value_int", "value_ints", "value_floats"):
        value = call.get(name)
        if name == "value" and value is not None:
            value = torch.from_numpy(numpy_helper.to_array(value).copy())
        elif value is not None:
            value = torch.tensor(value)
        if value is not None:
            return value.to(call.model.dtype) if value.is_floating_point() else value
    raise NotImplementedError("Constant without a value")


def cast(call, x):
    kinds = {onnx.TensorProto.FLOAT: call.model.dtype, onnx.TensorProto.INT64: torch.int64, onnx.TensorProto.BOOL: torch.bool}
    return x.to(kinds[call.get("to")])


def layer_normalization(call, x, scale, bias=None):
    axis = call.get("axis", -1) % x.dim()
    return F.layer_norm(x, x.shape[axis:], scale, bias, call.get("epsilon", 1e-5))


def resize(call, x, roi=None, scales=None, sizes=None):
    """The two forms of which PyTorch has the same: nearest by whole factors, linear with half-pixel centres."""
    wanted = [round(s * f) for s, f in zip(x.shape, scales.tolist())] if sizes is None else sizes.tolist()
    form = (call.get("mode", "nearest"), call.get("coordinate_transformation_mode", "half_pixel"), call.get("nearest_mode", "round_prefer_floor"))
    if form == ("nearest", "asymmetric", "floor"):
        return F.interpolate(x, size=wanted[2:], mode="nearest")
    call.refuse_unless(form[:2] == ("linear", "half_pixel") and all(w >= s for w, s in zip(wanted, x.shape)), str(form))
    return F.interpolate(x, size=wanted[2:], mode="bilinear", align_corners=False)


def gates(matrix, order):
    """ONNX and PyTorch stack the gates of a recurrent layer in different orders."""
    parts = matrix.chunk(len(order), 0)
    return torch.cat([parts[i] for i in order], 0)


def recurrent(call, kernel, order, x, w, r, b, states):
    directions, hidden = w.shape[0], call.get("hidden_size")
    call.refuse_unless(call.get("direction", "forward") in ("forward", "bidirectional") and call.get("layout", 0) == 0 and call.get("activations") is None, "direction, layout or activations")
    flat = []
    for d in range(directions):
        flat += [gates(w[d], order), gates(r[d], order), *(gates(half, order) for half in b[d].chunk(2))]
    zeros = x.new_zeros(directions, x.shape[1], hidden)
    given = [zeros if state is None else state for state in states]
    y, *last = kernel(x, tuple(given) if len(given) > 1 else given[0], flat, True, 1, 0.0, False, directions == 2, False)
    y = y.reshape(x.shape[0], x.shape[1], directions, hidden).permute(0, 2, 1, 3)
    return (y, *last)


def lstm(call, x, w, r, b, lengths=None, h=None, c=None):
    call.refuse_unless(lengths is None and call.get("input_forget", 0) == 0, "sequence_lens or input_forget")
    return recurrent(call, torch._VF.lstm, [0, 2, 3, 1], x, w, r, b, [h, c])  # iofc to ifgo


def gru(call, x, w, r, b, lengths=None, h=None):
    call.refuse_unless(lengths is None and call.get("linear_before_reset", 0) == 1, "sequence_lens or linear_before_reset=0")
    return recurrent(call, torch._VF.gru, [1, 0, 2], x, w, r, b, [h])  # zrh to rzn


def transposed(call, x):
    return x.permute(call.get("perm", list(reversed(range(x.dim())))))


OPERATORS = {
    "Add": lambda call, a, b: a + b,
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Cast": cast,
    "Clip": lambda call, x, low=None, high=None: kinked(call, x, low, high).clamp(low, high),
    "Concat": lambda call, *parts: torch.cat(parts, call.get("axis")),
    "Constant": constant,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Div": lambda call, a, b: a / b,
    "Erf": lambda call, x: torch.erf(x),
    "Flatten": lambda call, x: x.flatten(1) if call.get("axis", 1) == 1 else NotImplemented,
    "Gather": gather,
    "Gemm": gemm,
    "GlobalAveragePool": lambda call, x: x.mean(tuple(range(2, x.dim())), keepdim=True),
    "GRU": gru,
    "HardSwish": lambda call, x: F.hardswish(x),
    "LayerNormalization": layer_normalization,
    "LSTM": lstm,
    "MatMul": lambda call, a, b: a @ b,
    "MaxPool": max_pool,
    "Mul": lambda call, a, b: a * b,
    "Pad": pad,
    "PRelu": lambda call, x, slope: torch.where(x < 0, slope * x, x),
    "Relu": lambda call, x: F.relu(kinked(call, x, 0.0)),
    "Reshape": reshape,
    "Resize": resize,
    "Shape": lambda call, x: torch.tensor(x.shape),
    "Slice": slice_,
    "Softmax": lambda call, x: torch.softmax(x, call.get("axis", -1)),
    "Squeeze": squeeze,
    "Sub": lambda call, a, b: a - b,
    "Tanh": lambda call, x: torch.tanh(x),
    "Transpose": transposed,
    "Unsqueeze": unsqueeze,
}
