// Runs compile.py in Lambda's Python on any machine: Pyodide 0.29 is CPython 3.13 as WebAssembly.
// usage: node compile.mjs FOLDER PREFIX [--without-docstrings] [FOLDER PREFIX ...]    (each as compile.py)
// It must not depend on the machine's Python, clock or paths: same sources, same bytes.
import { readFileSync } from "node:fs";
import { loadPyodide } from "pyodide";

const jobs = [];
for (const argument of process.argv.slice(2)) {
  const last = jobs.at(-1);
  if (last?.length === 1 || argument.startsWith("--")) last.push(argument);
  else jobs.push([argument]);
}
const script = readFileSync(new URL("compile.py", import.meta.url), "utf8");
const compile = `
import importlib.util, sys, types

def compile_bundle(script, folder, prefix, without_docstrings):
    """None, or what went wrong."""
    if importlib.util.MAGIC_NUMBER[:2] != (3571).to_bytes(2, "little"):
        return f"Pyodide brings Python {sys.version}, but Lambda runs 3.13: its bytecode would not be used"
    module = types.ModuleType("compile")
    exec(compile(script, "compile.py", "exec"), vars(module))
    try:
        module.compile_all(folder, prefix, without_docstrings=without_docstrings)
    except SyntaxError as error:
        return f"{error.filename}:{error.lineno}: {error.msg}"

compile_bundle
`;

try {
  const pyodide = await loadPyodide({ env: { PYTHONHASHSEED: "0" } });
  jobs.forEach(([folder, prefix, ...options], number) => {
    const mounted = `/bundle-${number}`;
    pyodide.mountNodeFS(mounted, folder);
    const failure = pyodide.runPython(compile)(script, mounted, prefix, options.includes("--without-docstrings"));
    if (failure) {
      console.error(failure);
      process.exitCode = 1;
    }
  });
} catch (error) {
  console.error(error.message); // not the error itself: Node would print Pyodide's source, all on one line
  process.exitCode = 1;
}
