// The first thing that runs in a Node.js worker: loads the handler as Lambda does, and hands it one event at a time.
//
// Arguments: the socket of the runtime API, whose frames are those of runtime_api.py, and the layers' folders (parted as
// in PATH), which make up /opt. The handler's name is in the environment (_HANDLER), and so are the folders where
// packages are looked for beside the function's own (NODE_PATH).
// It must not use a package, nor anything of this project: the worker has only what the function has.
//
// Sources: "Define Lambda function handler in Node.js", "Using the Lambda context object to retrieve Node.js function
// information", and the errors of AWS's own runtime client, aws-lambda-nodejs-runtime-interface-client.
"use strict";
const fs = require("fs");
const http = require("http");
const https = require("https");
const net = require("net");
const path = require("path");
const util = require("util");
const Module = require("module");
const { pathToFileURL } = require("url");

const NEXT = "N", RESPONSE = "R", ERROR = "E", INIT_ERROR = "I";
const FIRST_WITHOUT_CALLBACKS = 24;
const EXTENSIONS = [".js", ".mjs", ".cjs"];
const OPT = "/opt/";
const task = process.env.LAMBDA_TASK_ROOT;
const layers = (process.argv[3] || "").split(path.delimiter).filter(Boolean);
const runtimeVersion = Number((/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV) || [])[1] || 0);
const keepAlive = () => {};

class RuntimeError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

class Connection {
  constructor(address) {
    this.buffer = Buffer.alloc(0);
    this.waiting = null;
    this.socket = net.connect(address);
    this.socket.on("data", (data) => { this.buffer = Buffer.concat([this.buffer, data]); this.hand(); });
    this.socket.on("close", () => process.exit(1)); // the run has ended
    this.socket.on("error", () => process.exit(1));
    this.socket.unref(); // what keeps the process is the function's; `receive` holds it while it waits
  }

  send(kind, requestId, text, sent = keepAlive) {
    const id = Buffer.from(requestId), body = Buffer.from(text), head = Buffer.alloc(9);
    head.write(kind, 0, "latin1");
    head.writeUInt32BE(id.length, 1);
    head.writeUInt32BE(body.length, 5);
    this.socket.write(Buffer.concat([head, id, body]), sent);
  }

  receive() {
    this.socket.ref();
    return new Promise((resolve) => { this.waiting = resolve; this.hand(); });
  }

  hand() {
    if (this.waiting === null || this.buffer.length < 8) return;
    const head = this.buffer.readUInt32BE(0), event = this.buffer.readUInt32BE(4), end = 8 + head + event;
    if (this.buffer.length < end) return;
    const frame = [JSON.parse(this.buffer.toString("utf8", 8, 8 + head)), this.buffer.toString("utf8", 8 + head, end)];
    const resolve = this.waiting;
    this.buffer = this.buffer.subarray(end);
    this.waiting = null;
    this.socket.unref();
    resolve(frame);
  }
}

// A custom resource answers CloudFormation by HTTPS, to the host and path of its address alone: here that is HTTP, and
// a port of this machine.
function answerCloudFormationHere() {
  const request = https.request;
  const endpoint = new URL(process.env.AWS_ENDPOINT_URL || "http://127.0.0.1");
  const local = new Set(["localhost", "127.0.0.1", endpoint.hostname]);
  https.request = function (...given) {
    const callback = given.find((item) => typeof item === "function");
    const options = {};
    for (const item of given) {
      if (typeof item === "string" || item instanceof URL) {
        const url = new URL(item);
        Object.assign(options, { hostname: url.hostname, path: url.pathname + url.search });
      } else if (item !== null && typeof item === "object") Object.assign(options, item);
    }
    const host = options.hostname || String(options.host || "").split(":")[0];
    if (!local.has(host) || !String(options.path).startsWith("/_ministack/cfn-response/")) {
      return request.apply(https, given);
    }
    for (const name of ["agent", "_defaultAgent", "host", "href", "origin"]) delete options[name];
    const here = { protocol: "http:", hostname: endpoint.hostname, port: endpoint.port };
    return http.request({ ...options, ...here }, callback);
  };
  https.get = (...given) => {
    const begun = https.request(...given);
    begun.end();
    return begun;
  };
  Module.syncBuiltinESMExports();
}

// ECMAScript modules do not heed NODE_PATH by themselves; Lambda's do.
function findPackagesForImports() {
  Module.register(pathToFileURL(path.join(__dirname, "resolve.mjs")), { data: process.env.NODE_PATH || "" });
}

// Lambda's lines: time, request id, level, message.
function writeLinesAsLambda(current) {
  const levels = { log: "INFO", info: "INFO", debug: "DEBUG", trace: "TRACE", warn: "WARN", error: "ERROR" };
  for (const [name, level] of Object.entries(levels)) {
    console[name] = (...given) => {
      const line = [new Date().toISOString(), current.requestId || "undefined", level, util.format(...given)].join("\t");
      process.stdout.write(line.replace(/\n/g, "\r") + "\n");
    };
  }
}

function described(error) {
  if (!(error instanceof Error || util.types.isNativeError(error))) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  return {
    errorType: error.name,
    errorMessage: error.message,
    trace: String(error.stack).split("\n"),
  };
}

async function loadHandler(name) {
  const base = path.basename(name), split = /^([^.]*)\.(.*)$/.exec(base);
  if (name.includes("..") || split === null) {
    throw new RuntimeError("Runtime.MalformedHandlerName", `'${name}' is not a valid handler name. Bad handler`);
  }
  const loaded = await loadModule(placeOf(path.join(name.slice(0, name.length - base.length), split[1])));
  const find = (from) => split[2].split(".").reduce((found, part) => found && found[part], from);
  const handler = find(loaded) ?? find(loaded.default);
  if (typeof handler !== "function") {
    const message = handler === undefined ? `${name} is undefined or not exported` : `${name} is not a function`;
    throw new RuntimeError("Runtime.HandlerNotFound", message);
  }
  if (runtimeVersion >= FIRST_WITHOUT_CALLBACKS && handler.length >= 3) {
    throw new RuntimeError(
      "Runtime.CallbackHandlerDeprecated",
      `nodejs${runtimeVersion}.x has no callback-based handlers any more: ${name} has to be an async function.`,
    );
  }
  return handler;
}

// Without its extension. A handler may be a layer's: its name begins with /opt/ then.
function placeOf(name) {
  const places = name.startsWith(OPT) ? layers.map((layer) => path.join(layer, name.slice(OPT.length))) : [];
  const found = places.find((place) => EXTENSIONS.some((extension) => fs.existsSync(place + extension)));
  return found || path.resolve(task, name);
}

async function loadModule(file) {
  try {
    if (fs.existsSync(file + ".js")) return isModule(file) ? await imported(file + ".js") : await required(file + ".js");
    if (fs.existsSync(file + ".mjs")) return await imported(file + ".mjs");
    if (fs.existsSync(file + ".cjs")) return require(file + ".cjs");
    return require(require.resolve(file));
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError("Runtime.UserCodeSyntaxError", String(error));
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      throw new RuntimeError("Runtime.ImportModuleError", `${error}${hint(error.message)}`);
    }
    throw error;
  }
}

function hint(message) {
  const found = /'(@aws-sdk\/[a-z0-9-]+|aws-sdk)(?:\/[^']*)?'/.exec(message);
  if (found === null) return "";
  return found[1] === "aws-sdk"
    ? " (Runtimes from nodejs18.x on bring version 3 of the AWS SDK for JavaScript, and not version 2.)"
    : ` (Of AWS's SDK the rehearsal brings the clients that its page on fidelity names: ${found[1]} is none. Bundle it.)`;
}

function isModule(file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const described = path.join(folder, "package.json");
    if (fs.existsSync(described)) return JSON.parse(fs.readFileSync(described, "utf8")).type === "module";
    if (folder === task || folder === path.dirname(folder)) return false;
  }
}

// A module by its syntax, where Node.js looks at that: only when it is imported are its packages found.
async function required(file) {
  try {
    return require(file);
  } catch (error) {
    if (error?.code !== "ERR_MODULE_NOT_FOUND" && error?.code !== "ERR_REQUIRE_ASYNC_MODULE") throw error;
    return await imported(file);
  }
}

const imported = (file) => import(pathToFileURL(file).href);

function contextOf(head, done) {
  const environment = process.env;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: undefined,
    identity: undefined,
    invokedFunctionArn: head.function_arn,
    awsRequestId: head.request_id,
    getRemainingTimeInMillis: () => head.deadline_ms - Date.now(),
    ...(runtimeVersion >= FIRST_WITHOUT_CALLBACKS ? {} : {
      done: (error, result) => done(error, result),
      succeed: (result) => done(null, result),
      fail: (error) => done(error ?? "handled"),
    }),
  };
}

// One event, until the handler has answered: by its promise, or by its callback, which by default waits until nothing
// is left to do. A function that leaves nothing to do and has said nothing has answered null.
function run(handler, head, event) {
  return new Promise((answer) => {
    const settle = (error, result) => {
      process.removeListener("beforeExit", nothingLeft);
      answer(error === null || error === undefined ? answerOf(result) : [ERROR, textOf(described(error))]);
    };
    let called = [null, null];
    const nothingLeft = () => settle(...called);
    const callback = (error, result) => {
      called = [error, result];
      if (!context.callbackWaitsForEmptyEventLoop || error) settle(error, result);
    };
    const context = contextOf(head, (error, result) => settle(error, result));
    process.once("beforeExit", nothingLeft);
    try {
      const result = handler(event, context, callback);
      if (typeof result?.then === "function") result.then((value) => settle(null, value), (error) => settle(error ?? "null"));
    } catch (error) {
      settle(error ?? "null");
    }
  });
}

function answerOf(result) {
  try {
    return [RESPONSE, textOf(result)];
  } catch (error) {
    const message = `Unable to stringify response body as json: ${error.message}`;
    return [ERROR, textOf(described(new RuntimeError("Runtime.MarshalError", message)))];
  }
}

const textOf = (value) => JSON.stringify(value) ?? "null";

async function main() {
  const current = { requestId: "" };
  const host = new Connection(process.argv[2]);
  process.argv.splice(1, 3);
  const end = (kind, code) => (error) => {
    const told = textOf({ ...described(error), errorType: kind });
    const leave = () => process.exit(code);
    if (current.requestId === "") host.send(INIT_ERROR, "", told, leave);
    else host.send(ERROR, current.requestId, told, leave);
  };
  process.on("uncaughtException", end("Runtime.UncaughtException", 129));
  process.on("unhandledRejection", end("Runtime.UnhandledPromiseRejection", 128));
  globalThis.awslambda = {
    streamifyResponse: () => { throw new RuntimeError("Rehearsal.Unsupported", "Response streaming is not rehearsed."); },
  };
  writeLinesAsLambda(current);
  answerCloudFormationHere();
  findPackagesForImports();
  let handler;
  const held = setInterval(keepAlive, 1 << 30); // a module that waits for nothing at its top level is not the end
  try {
    handler = await loadHandler(process.env._HANDLER);
  } catch (error) {
    host.send(INIT_ERROR, "", textOf(described(error)), () => process.exit(1));
    return;
  }
  clearInterval(held);
  for (;;) {
    host.send(NEXT, "", "");
    const [head, text] = await host.receive();
    current.requestId = head.request_id;
    process.env._X_AMZN_TRACE_ID = head.trace_id;
    const [kind, answer] = await run(handler, head, JSON.parse(text));
    host.send(kind, head.request_id, answer);
  }
}

main();
