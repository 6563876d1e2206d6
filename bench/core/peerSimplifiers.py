"""Node counts and file sizes of open simplifiers, for the benchmark `cleanup`.

    python bench/core/peerSimplifiers.py FOLDER OUT.json
    (pip install onnx onnxruntime onnxsim onnxslim; FOLDER is what `npm run bench -- cleanup --variants FOLDER` wrote)

Each tool simplifies each file with its default options in a process of its own. `nodes` counts all nodes, those inside
If, Loop and Scan included; `constants` is how many of them are Constant nodes.
"""
import importlib.metadata
import json
import multiprocessing
import pathlib
import sys
import tempfile

LIMIT_SECONDS = 300


def count(graph):
    nodes = constants = 0
    for node in graph.node:
        nodes += 1
        constants += node.op_type == "Constant"
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                more, others = count(inner)
                nodes, constants = nodes + more, constants + others
    return nodes, constants


def simplify(tool, path, pipe):
    import onnx
    try:
        model = onnx.load(path)
        if tool == "onnxsim":
            import onnxsim
            model, _ = onnxsim.simplify(model)
        if tool == "onnxslim":
            import onnxslim
            model = onnxslim.slim(model)
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "out.onnx"
            onnx.save(model, out)
            size = out.stat().st_size
        nodes, constants = count(model.graph)
        pipe.send({"nodes": nodes, "constants": constants, "bytes": size})
    except BaseException as error:  # noqa: BLE001 - a tool that fails on a file is a result
        pipe.send({"failed": f"{type(error).__name__}: {error}".splitlines()[0][:160]})


def run(tool, path):
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=simplify, args=(tool, str(path), theirs))
    process.start()
    theirs.close()
    result = {"failed": "no answer"}
    try:
        if ours.poll(LIMIT_SECONDS):
            result = ours.recv()
    except EOFError:
        result = {"failed": "the process died"}
    process.kill()
    return result


def main(folder, out):
    packages = ["onnx", "onnxruntime", "onnxsim", "onnxslim"]
    results = {}
    for path in sorted(pathlib.Path(folder).glob("*.onnx")):
        results[path.stem] = {tool: run(tool, path) for tool in ["none", "onnxsim", "onnxslim"]}
        print(path.stem, results[path.stem], file=sys.stderr)
    versions = {name: importlib.metadata.version(name) for name in packages}
    pathlib.Path(out).write_text(json.dumps({"versions": versions, "models": results}, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
