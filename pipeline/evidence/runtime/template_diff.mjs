// Compares templates with the library that `cdk diff` is made of, so that what replaces a resource is AWS's own word.
//
// In: a line of [{ name, before, after }] on standard input. Out: a line of { name, resources, added, removed, opened,
// closed } for each: changed resources by logical id, statements and managed policies, rules of security groups. It goes
// on until its input ends. It must not judge.
import { createInterface } from "node:readline";
import { fullDiff } from "@aws-cdk/cloudformation-diff";

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(JSON.parse(line).map(compare))}\n`);
}

function compare({ name, before, after }) {
  const difference = fullDiff(before, after);
  const resources = [];
  difference.resources.forEachDifference((logicalId, change) => {
    const properties = Object.entries(change.propertyUpdates);
    const others = Object.entries(change.otherChanges);
    resources.push({
      logicalId,
      oldType: change.oldResourceType ?? null,
      newType: change.newResourceType ?? null,
      impact: change.changeImpact,
      created: change.isAddition ? (change.newProperties ?? {}) : null,
      properties: [...properties, ...others].map(([property, { oldValue, newValue, changeImpact }]) => ({
        name: property,
        before: oldValue ?? null,
        after: newValue ?? null,
        impact: changeImpact ?? null,
      })),
    });
  });
  const { statements, managedPolicies } = difference.iamChanges;
  const { ingress, egress } = difference.securityGroupChanges;
  return {
    name,
    resources,
    added: [...statements.additions.map(statement), ...managedPolicies.additions.map(policy)],
    removed: [...statements.removals.map(statement), ...managedPolicies.removals.map(policy)],
    opened: [...ingress.additions.map(rule("in")), ...egress.additions.map(rule("out"))],
    closed: [...ingress.removals.map(rule("in")), ...egress.removals.map(rule("out"))],
  };
}

function statement({ effect, actions, resources, principals, condition, serializedIntrinsic }) {
  if (serializedIntrinsic !== undefined) return { intrinsic: serializedIntrinsic };
  return { effect, actions: targets(actions), resources: targets(resources), principals: targets(principals), condition: condition ?? null };
}

// All but these is one thing: who is let do all but one thing, and not all but two, may do more.
function targets({ values, not }) {
  return not ? [`all but ${values.map(text).sort().join(" and ")}`] : values;
}

function text(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function policy({ identityArn, managedPolicyArn }) {
  return { identity: identityArn, managedPolicy: managedPolicyArn };
}

function rule(direction) {
  return (found) => ({ direction, group: found.groupId, protocol: found.describeProtocol(), peer: found.describePeer() });
}
