#!/usr/bin/env bash
# aws-cdk (CLI) 2.1148.1, Node.js 20 or newer
# What it does: `cdk synth --no-lookups` of an app that lacks context exits 1, and has written the whole cloud assembly all
#   the same, with what is missing in its manifest.
# What one would guess: an exit code of 1 leaves no assembly, or at least none that tools would take.
# Output seen:
#   exit code 1; assembly written, missing: ssm:parameterName=/cars
# Who meets it: whoever takes the folder for the sign of success, or throws away the list of what is missing.
# Exits non-zero when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" aws-cdk@2.1148.1 >/dev/null
cat >app.cjs <<'JS'
const { mkdirSync, writeFileSync } = require("fs");
const out = process.env.CDK_OUTDIR;
mkdirSync(out, { recursive: true });
const props = { account: "111111111111", region: "eu-west-1", parameterName: "/cars" };
const missing = [{ key: "ssm:parameterName=/cars", provider: "ssm", props }];
writeFileSync(`${out}/manifest.json`, JSON.stringify({ version: "36.0.0", artifacts: {}, missing }));
JS
code=0
env -i PATH="$PATH" HOME="$folder" CDK_DISABLE_VERSION_CHECK=true CDK_NOTICES=false CDK_DISABLE_CLI_TELEMETRY=true \
  node_modules/.bin/cdk synth --no-lookups --quiet --app "node app.cjs" --output "$folder/out" >log 2>&1 || code=$?
missing=$(node -p 'JSON.parse(require("fs").readFileSync("out/manifest.json")).missing.map((one) => one.key).join()' || true)
seen="exit code $code; assembly written, missing: $missing"
echo "$seen"
[ "$seen" = "exit code 1; assembly written, missing: ssm:parameterName=/cars" ]
