#!/usr/bin/env bash
# aws-cdk (CLI) 2.1148.1, Node.js 20 or newer
# What it does: without credentials, an app sees the CDK_DEFAULT_ACCOUNT that the CLI inherited, and not the
#   CDK_DEFAULT_REGION: that is set anew from AWS_REGION or the profile, else to us-east-1.
# What one would guess: both are inherited where the CLI cannot tell, or neither is.
# Output seen:
#   both inherited: 222222222222 us-east-1; with AWS_REGION: 222222222222 eu-west-1
# Who meets it: whoever synthesizes for an account and a region without credentials, and sets the two variables.
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
writeFileSync(`${out}/manifest.json`, JSON.stringify({ version: "36.0.0", artifacts: {} }));
writeFileSync("seen", `${process.env.CDK_DEFAULT_ACCOUNT} ${process.env.CDK_DEFAULT_REGION}`);
JS
ask() {
  env -i PATH="$PATH" HOME="$folder" CDK_DISABLE_VERSION_CHECK=true CDK_NOTICES=false CDK_DISABLE_CLI_TELEMETRY=true \
    AWS_EC2_METADATA_DISABLED=true CDK_DEFAULT_ACCOUNT=222222222222 CDK_DEFAULT_REGION=eu-west-1 "$@" \
    node_modules/.bin/cdk synth --no-lookups --quiet --app "node app.cjs" --output "$folder/out" >log 2>&1
  cat seen
}
seen="both inherited: $(ask); with AWS_REGION: $(ask AWS_REGION=eu-west-1)"
echo "$seen"
[ "$seen" = "both inherited: 222222222222 us-east-1; with AWS_REGION: 222222222222 eu-west-1" ]
