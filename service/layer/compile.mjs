// Compiles every .py file under a folder for Lambda's Python, on any machine: Pyodide 0.29 is CPython 3.13 as WebAssembly.
// usage: node compile.mjs FOLDER PREFIX    (PREFIX: where Lambda will find FOLDER, for tracebacks)
// It must not depend on the machine's Python, clock or paths: same sources, same bytes.
import { loadPyodide } from "pyodide";

const [folder, prefix] = process.argv.slice(2);
const compile = `
import importlib.util, pathlib, py_compile, sys

def compile_all(prefix):
    """None, or what went wrong."""
    if importlib.util.MAGIC_NUMBER[:2] != (3571).to_bytes(2, "little"):
        return f"Pyodide brings Python {sys.version}, but Lambda runs 3.13: its bytecode would not be used"
    root = pathlib.Path("/bundle")
    try:
        for source in sorted(root.rglob("*.py")):
            py_compile.compile(
                str(source),
                dfile=f"{prefix}/{source.relative_to(root).as_posix()}",
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
    except py_compile.PyCompileError as error:
        return error.msg

compile_all
`;

try {
  const pyodide = await loadPyodide({ env: { PYTHONHASHSEED: "0" } });
  pyodide.mountNodeFS("/bundle", folder);
  const failure = pyodide.runPython(compile)(prefix);
  if (failure) {
    console.error(failure);
    process.exitCode = 1;
  }
} catch (error) {
  console.error(error.message); // not the error itself: Node would print Pyodide's source, all on one line
  process.exitCode = 1;
}
