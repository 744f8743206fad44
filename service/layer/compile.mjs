// Compiles every .py file under a folder for Lambda's Python, on any machine: Pyodide 0.29 is CPython 3.13 for WebAssembly.
// usage: node compile.mjs FOLDER PREFIX    (PREFIX: where Lambda will find FOLDER, for tracebacks)
// It must not depend on the machine's Python, clock or paths: same sources, same bytes.
import { loadPyodide } from "pyodide";

const [folder, prefix] = process.argv.slice(2);
const pyodide = await loadPyodide({ env: { PYTHONHASHSEED: "0" } });
pyodide.mountNodeFS("/bundle", folder);
pyodide.globals.set("prefix", prefix);
pyodide.runPython(`
import importlib.util, pathlib, py_compile, sys

if importlib.util.MAGIC_NUMBER[:2] != (3571).to_bytes(2, "little"):
    sys.exit(f"Pyodide brings Python {sys.version}, but Lambda runs 3.13: its bytecode would not be used")
root = pathlib.Path("/bundle")
for source in sorted(root.rglob("*.py")):
    py_compile.compile(
        str(source),
        dfile=f"{prefix}/{source.relative_to(root).as_posix()}",
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
`);
