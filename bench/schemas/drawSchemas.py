"""Draws the operator schemas of src/engine/ir/schemas/generated/ from PyPI's `onnx` and `onnxruntime`.

Run in a virtual environment that has both:  python bench/schemas/drawSchemas.py
The form of the tables is described in src/engine/ir/schemas/table.ts, which reads them.
"""

import json
from pathlib import Path

import onnx
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

OUT = Path(__file__).resolve().parents[2] / "src" / "engine" / "ir" / "schemas" / "generated"
STANDARD = ["", "ai.onnx.ml", "ai.onnx.preview", "ai.onnx.preview.training"]
# com.microsoft.nchwc: layouts that onnxruntime's optimiser leaves in a saved model. com.ms.internal.* never leave it.
MICROSOFT = ["com.microsoft", "com.microsoft.nchwc"]


class TypeLists:
    """Lists of allowed types, each kept once; a bare element type stands for a tensor of it."""

    def __init__(self):
        self.index = {}

    def add(self, types):
        text = " ".join(sorted(short(t) for t in types))
        return self.index.setdefault(text, len(self.index))


def short(type_string):
    text = type_string.replace(" ", "")
    inner = text[len("tensor("):-1]
    return inner if text == f"tensor({inner})" else text


def parameters(formal, least):
    """`name:type`, `?` optional, `*N` or `~N` (differing types) variadic with at least N values."""
    parts = []
    for position, parameter in enumerate(formal):
        option = str(parameter.option).rsplit(".", 1)[-1]
        kind = parameter.type_str if hasattr(parameter, "type_str") else parameter.typeStr
        same = parameter.is_homogeneous if hasattr(parameter, "is_homogeneous") else parameter.isHomogeneous
        mark = {"Single": "", "Optional": "?"}.get(option)
        if mark is None:
            mark = ("*" if same else "~") + str(max(0, least - position))
        parts.append(f"{parameter.name}:{short(kind)}{mark}")
    return " ".join(parts)


def default_of(attribute):
    if hasattr(attribute, "default_value"):
        value = attribute.default_value
    else:
        value = onnx.AttributeProto()
        value.ParseFromString(attribute._default_value)
    if value.type == onnx.AttributeProto.UNDEFINED:
        return None
    found = onnx.helper.get_attribute_value(value)
    if isinstance(found, bytes):
        return found.decode()
    if isinstance(found, float):
        return float(f"{found:.7g}")
    if isinstance(found, int):
        return found
    return [item.decode() if isinstance(item, bytes) else float(f"{item:.7g}") if isinstance(item, float) else item for item in found]


def attributes(schema):
    """`name:type`, `!` required, `=value` with a default (numbers and lists as JSON)."""
    names = {"SPARSE_TENSOR": "sparseTensor", "SPARSE_TENSORS": "sparseTensors", "TYPE_PROTO": "type", "TYPE_PROTOS": "types"}
    parts = []
    for name, attribute in sorted(schema.attributes.items()):
        kind = str(attribute.type).rsplit(".", 1)[-1]
        text = f"{name}:{names.get(kind, kind.lower())}"
        value = default_of(attribute)
        if attribute.required:
            text += "!"
        elif value is not None:
            text += "=" + (value if isinstance(value, str) else json.dumps(value, separators=(",", ":")))
        assert " " not in text, text
        parts.append(text)
    return " ".join(parts)


def full(schema, lists):
    return {
        "in": parameters(schema.inputs, schema.min_input),
        "out": parameters(schema.outputs, schema.min_output),
        "types": {c.type_param_str: lists.add(c.allowed_type_strs) for c in schema.type_constraints},
        "attributes": attributes(schema),
        "deprecated": schema.deprecated,
    }


def versions(schemas, lists):
    """Oldest first; what a version does not say is as in the one before."""
    result, before = [], {"deprecated": False}
    for schema in sorted(schemas, key=lambda item: item.since_version):
        if result and result[-1]["since"] == schema.since_version:
            continue
        now = full(schema, lists)
        changed = {key: value for key, value in now.items() if before.get(key) != value}
        result.append({"since": schema.since_version, **changed})
        before = now
    return result


def table(schemas, domains):
    lists = TypeLists()
    operators = {}
    for domain in domains:
        names = sorted({schema.name for schema in schemas if schema.domain == domain})
        operators[domain] = {
            name: versions([s for s in schemas if s.domain == domain and s.name == name], lists) for name in names
        }
    return {"typeLists": list(lists.index), "operators": operators}


def write(name, constant, what, newest, content):
    compact = lambda value: json.dumps(value, separators=(",", ":"))
    lines = ["{", f'"newest":{compact(newest)},', '"typeLists":[']
    lines.append(",\n".join(compact(text) for text in content["typeLists"]))
    lines.append('],\n"operators":{')
    domains = []
    for domain, operators in content["operators"].items():
        entries = ",\n".join(f"{compact(name)}:{compact(entry)}" for name, entry in operators.items())
        domains.append(f"{compact(domain)}:{{\n{entries}\n}}")
    lines.append(",\n".join(domains))
    lines.append("}\n}")
    text = "\n".join(lines)
    assert "`" not in text and "${" not in text
    text = text.replace("\\", "\\\\")
    (OUT / name).write_text(
        f"// Operator schemas of {what}.\n// Written by bench/schemas/drawSchemas.py; read by ../table.ts. Do not edit.\n\n"
        f"export const {constant} = `{text}`;\n"
    )


def main():
    standard = onnx.defs.get_all_schemas_with_history()
    known = {(schema.domain, schema.name) for schema in standard}
    every = runtime.get_all_operator_schema()
    own = [s for s in every if s.domain == "" and ("", s.name) not in known]
    newest = {domain: max(s.since_version for s in standard if s.domain == domain) for domain in STANDARD[1:]}
    newest[""] = onnx.defs.onnx_opset_version()
    OUT.mkdir(parents=True, exist_ok=True)
    write("standard.ts", "standardSchemas", f"ONNX {onnx.__version__}", newest, table(standard, STANDARD))
    write("runtime.ts", "runtimeSchemas", f"onnxruntime {onnxruntime.__version__} that are not in ONNX",
          {domain: 1 for domain in MICROSOFT}, table(own + [s for s in every if s.domain in MICROSOFT], ["", *MICROSOFT]))


main()
