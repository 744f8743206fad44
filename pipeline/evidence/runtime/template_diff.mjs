// Compares templates with the library that `cdk diff` is made of, so that what replaces a resource is AWS's own word.
//
// In: [{ name, before, after }] on standard input. Out: for each { name, resources, added, removed, opened, closed }:
// changed resources by logical id, statements and managed policies, rules of security groups. It must not judge.
import { readFileSync } from "node:fs";
import { fullDiff } from "@aws-cdk/cloudformation-diff";

// What lets everybody call it who does not sign, and by which property; each is "NONE" when it is not there.
const UNSIGNED = {
  "AWS::ApiGateway::Method": ["AuthorizationType", "execute-api:Invoke"],
  "AWS::ApiGatewayV2::Route": ["AuthorizationType", "execute-api:Invoke"],
  "AWS::Lambda::Url": ["AuthType", "lambda:InvokeFunctionUrl"],
};

const pairs = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(pairs.map(compare)));

function compare({ name, before, after }) {
  const difference = fullDiff(before, after);
  const resources = [];
  const [old, wanted] = [[], []];
  difference.resources.forEachDifference((logicalId, change) => {
    old.push(...beside(logicalId, change.oldResourceType, change.oldProperties, change.newProperties !== undefined));
    wanted.push(...beside(logicalId, change.newResourceType, change.newProperties, true));
    const properties = Object.entries(change.propertyUpdates);
    const others = Object.entries(change.otherChanges);
    resources.push({
      logicalId,
      oldType: change.oldResourceType ?? null,
      newType: change.newResourceType ?? null,
      impact: change.changeImpact,
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
    added: [...wanted, ...statements.additions.map(statement), ...managedPolicies.additions.map(policy)],
    removed: [...old, ...statements.removals.map(statement), ...managedPolicies.removals.map(policy)],
    opened: [...ingress.additions.map(rule("in")), ...egress.additions.map(rule("out"))],
    closed: [...ingress.removals.map(rule("in")), ...egress.removals.map(rule("out"))],
  };
}

// Permissions that are in no statement: of who does not sign, and of a boundary, which denies all that it does not allow.
function beside(logicalId, type, properties, stays) {
  if (properties === undefined) return [];
  const [property, action] = UNSIGNED[type] ?? [];
  const found = [];
  if (property !== undefined && (properties[property] ?? "NONE") === "NONE") {
    found.push({ effect: "Allow", actions: [action], resources: [`\${${logicalId}}`], principals: ["everybody, unsigned"], condition: null });
  }
  if (type?.startsWith("AWS::IAM::") && properties.PermissionsBoundary !== undefined && stays) {
    const allowed = `all but what ${text(properties.PermissionsBoundary)} allows`;
    found.push({ effect: "Deny", actions: [allowed], resources: [], principals: [`\${${logicalId}}`], condition: null });
  }
  return found;
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
