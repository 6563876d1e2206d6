"""Oracle of the text form: what onnx's own printer writes, and whether its parser reads what ours writes.

    python onnxText.py print OUT MODEL...      writes onnx.printer's text of each model to OUT/<name>.txt
    python onnxText.py parse TEXT MODEL        reads our text with onnx.parser and compares it with the model
    python onnxText.py parse-list LIST         the same for each line "TEXT<tab>MODEL" of LIST; prints a summary

Needs onnx 1.23 in a virtual environment. What the text does not hold for onnx.parser (documentation, metadata, where
values are stored) is taken away before comparing. test/engine/ir/text/fixtures holds
what `print` wrote for the models of the same names in libonnx-testdata's node folder.
"""
import os
import sys

import numpy as np
import onnx
import onnx.parser
import onnx.printer
from onnx import numpy_helper


def plain_tensor(tensor):
    """Values by numpy, so that raw and typed storage are the same."""
    copy = onnx.TensorProto()
    copy.name, copy.data_type = tensor.name, tensor.data_type
    copy.dims.extend(tensor.dims)
    if tensor.data_type == onnx.TensorProto.STRING:
        copy.string_data.extend(tensor.string_data)
    elif tensor.HasField("raw_data") and len(tensor.raw_data):
        copy.raw_data = tensor.raw_data
    elif np.prod(tensor.dims):
        copy.raw_data = numpy_helper.from_array(numpy_helper.to_array(tensor)).raw_data
    return copy


def strip_nodes(nodes):
    for node in nodes:
        node.ClearField("doc_string")
        del node.metadata_props[:]
        for field in ("domain", "name", "overload"):
            if getattr(node, field) == "":
                node.ClearField(field)
        for attribute in node.attribute:
            attribute.ClearField("doc_string")
            if attribute.HasField("t"):
                attribute.t.CopyFrom(plain_tensor(attribute.t))
            if attribute.HasField("g"):
                strip_graph(attribute.g)


def strip_graph(graph):
    graph.ClearField("doc_string")
    del graph.metadata_props[:]
    strip_nodes(graph.node)
    for index, tensor in enumerate(list(graph.initializer)):
        graph.initializer[index].CopyFrom(plain_tensor(tensor))
    for values in (graph.input, graph.output, graph.value_info):
        for value in values:
            value.ClearField("doc_string")


def strip_model(model):
    for field in ("producer_name", "producer_version", "domain", "doc_string"):
        if getattr(model, field) == "":
            model.ClearField(field)
    strip_graph(model.graph)
    for function in model.functions:
        strip_nodes(function.node)
    opsets = [(entry.domain, entry.version) for entry in model.opset_import]
    del model.opset_import[:]
    for domain, version in opsets:
        model.opset_import.add(domain=domain, version=version)
    return model


def check(text_file, model_file):
    """None when equal, else what is wrong."""
    with open(text_file, encoding="utf-8") as file:
        text = file.read()
    try:
        found = strip_model(onnx.parser.parse_model(text))
    except Exception as error:  # the oracle's own report
        return str(error).strip().replace("\n", " ")[:300]
    wanted = strip_model(onnx.load(model_file))
    if found.SerializeToString(deterministic=True) == wanted.SerializeToString(deterministic=True):
        return None
    a, b = str(wanted).splitlines(), str(found).splitlines()
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return f"differs: wanted {a[max(0, at - 3):at + 2]} found {b[max(0, at - 3):at + 2]}"[:600]


def main():
    mode, *rest = sys.argv[1:]
    if mode == "print":
        out, *models = rest
        for model in models:
            name = os.path.basename(model) if not model.endswith("model.onnx") else os.path.basename(os.path.dirname(model))
            with open(os.path.join(out, name.replace(".onnx", "") + ".txt"), "w", encoding="utf-8") as file:
                file.write(onnx.printer.to_text(onnx.load(model)))
    elif mode == "parse":
        problem = check(*rest)
        print(problem or "equal")
        sys.exit(1 if problem else 0)
    else:
        with open(rest[0], encoding="utf-8") as file:
            pairs = [line.rstrip("\n").split("\t") for line in file]
        problems = [(model, problem) for text, model in pairs if (problem := check(text, model))]
        for model, problem in problems:
            print(f"{model}: {problem}")
        print(f"{len(pairs) - len(problems)} of {len(pairs)} equal")


main()
