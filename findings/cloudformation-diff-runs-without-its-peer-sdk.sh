#!/usr/bin/env bash
# @aws-cdk/cloudformation-diff 2.187.5, @aws-sdk/client-cloudformation 3.1169.0 for its peer, Node.js 20 or newer
# What it does: it names the AWS SDK's CloudFormation client as a peer, so npm installs that with it; its code never
#   loads it: templates are compared, with replacements and permissions, just the same where it is left out.
# What one would guess: a peer that is not optional is needed when it runs.
# Output seen:
#   its SDK is there: 1, and 0; both say: WILL_REPLACE, WILL_REPLACE
# Who meets it: whoever compares templates in a build step, for which most of the installation is that peer.
# Exits non-zero when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >compare.cjs <<'JS'
const { fullDiff } = require("@aws-cdk/cloudformation-diff");
const table = (name) => ({ Resources: { Cars: { Type: "AWS::DynamoDB::Table", Properties: { TableName: name } } } });
console.log(fullDiff(table("old"), table("new")).resources.changes.Cars.changeImpact);
JS
impact() {
  mkdir "$1"
  cp compare.cjs "$1"
  (cd "$1" && npm install --silent --no-audit --no-fund --prefix . "${@:2}" >/dev/null && node compare.cjs)
}
with=$(impact with @aws-cdk/cloudformation-diff@2.187.5 @aws-sdk/client-cloudformation@3.1169.0)
without=$(impact without --omit=peer @aws-cdk/cloudformation-diff@2.187.5)
sdk_with=$(find with/node_modules -path '*/@aws-sdk/client-cloudformation/package.json' | wc -l)
sdk_without=$(find without/node_modules -path '*/@aws-sdk/client-cloudformation/package.json' | wc -l)
seen="its SDK is there: $sdk_with, and $sdk_without; both say: $with, $without"
echo "$seen"
[ "$seen" = "its SDK is there: 1, and 0; both say: WILL_REPLACE, WILL_REPLACE" ]
