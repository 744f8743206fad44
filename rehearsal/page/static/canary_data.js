/**
 * A deployment as what its plots and its table show, over AWS minutes since the shift began. Pure: no drawing.
 *
 * A plot: {title, unit, x: [minutes], series: [{label, kind, values}], range: [low, high]}; a missing value is null.
 */
import { number, percent } from "./format.js";

const MINUTE = 60;
const LEAST_ERROR_PERCENT = 5;
const HASH = /(?:[0-9A-F]{8}|[0-9a-f]{32})(?:-[A-Za-z0-9]+)?$/;

export function minuteOf(deployment, awsAt) {
  return (awsAt - (deployment.shiftBeganAwsAt ?? deployment.startedAwsAt)) / MINUTE;
}

/** From the first mark to the newest thing known, at least one minute. */
export function minutesShown(deployment) {
  const at = [
    ...deployment.shift.map(([seconds]) => seconds / MINUTE),
    ...deployment.samples.map((sample) => sample.seconds / MINUTE),
    ...marks(deployment).map((mark) => mark.minute),
  ];
  const evaluations = Object.values(deployment.alarms).flat();
  const last = evaluations.map(({ awsAt }) => minuteOf(deployment, awsAt)).filter((minute) => minute >= 0);
  return [Math.min(0, ...at), Math.max(1, ...at, ...last)];
}

/** The verdicts of hooks and alarms: [{minute, label, status}], in their order. */
export function marks(deployment) {
  const ended = deployment.hooks.filter((hook) => hook.endedAwsAt !== undefined && hook.name !== "AllowTraffic");
  const verdicts = ended.map((hook) => ({
    minute: minuteOf(deployment, hook.endedAwsAt),
    label: hook.name,
    status: hook.status,
  }));
  for (const [alarm, evaluations] of Object.entries(deployment.alarms)) {
    const fired = evaluations.find((evaluation) => evaluation.state === "ALARM");
    if (fired) verdicts.push({ minute: minuteOf(deployment, fired.awsAt), label: shortName(alarm), status: "Failed" });
  }
  return verdicts.sort((left, right) => left.minute - right.minute);
}

export function plots(deployment) {
  const x = deployment.samples.map((sample) => sample.seconds / MINUTE);
  const both = (valueOf) => [
    { label: "old version", kind: "old", values: deployment.samples.map((sample) => valueOf(sample.old)) },
    { label: "new version", kind: "new", values: deployment.samples.map((sample) => valueOf(sample.new)) },
  ];
  const rate = ({ calls, errors }) => (calls === 0 ? null : (100 * errors) / calls);
  const calls = both((version) => version.calls);
  const errors = both(rate);
  return [
    weightPlot(deployment),
    { title: "Calls a minute", unit: "", x, series: calls, range: [0, Math.max(1, highest(calls))] },
    { title: "Errors, % of calls", unit: " %", x, series: errors, range: [0, Math.max(LEAST_ERROR_PERCENT, highest(errors))] },
    ...alarmPlots(deployment),
  ];
}

function weightPlot(deployment) {
  const end = deployment.endedAwsAt ?? deployment.shiftBeganAwsAt;
  const points = deployment.shift.map(([seconds, weight]) => [seconds / MINUTE, weight]);
  const last = minutesShown(deployment)[1];
  if (deployment.endedAwsAt !== null && points.length > 0) points.push([minuteOf(deployment, end), deployment.weight]);
  if (points.length > 0 && points.at(-1)[0] < last) points.push([last, points.at(-1)[1]]);
  return {
    title: "Traffic on the new version, %",
    unit: " %",
    isStepped: true,
    x: points.map(([minute]) => minute),
    series: [{ label: "new version", kind: "new", values: points.map(([, weight]) => weight) }],
    range: [0, 100],
  };
}

function alarmPlots(deployment) {
  return Object.entries(deployment.alarms)
    .filter(([, evaluations]) => evaluations.some(({ threshold }) => threshold !== null))
    .map(([alarm, evaluations]) => {
      const series = [
        { label: "value", kind: "alarm", values: evaluations.map(({ value }) => value) },
        { label: "threshold", kind: "threshold", values: evaluations.map(({ threshold }) => threshold) },
      ];
      const isFiring = evaluations.some(({ state }) => state === "ALARM");
      return {
        title: shortName(alarm),
        fullTitle: alarm,
        unit: "",
        state: isFiring ? "ALARM" : evaluations.at(-1).state,
        x: evaluations.map(({ awsAt }) => minuteOf(deployment, awsAt)),
        series,
        range: around(series),
      };
    });
}

function highest(series) {
  return Math.max(0, ...series.flatMap(({ values }) => values.filter((value) => value !== null)));
}

/** A little room above and below, so that a line on the threshold is seen. */
function around(series) {
  const values = series.flatMap((line) => line.values).filter((value) => value !== null);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(high - low, 1) * 0.15;
  return [low - room, high + room];
}

/** What CloudFormation made of a construct's path, without the hashes that it and the CDK added. */
export function shortName(name) {
  return name.replace(HASH, "") || name;
}

/** The table: {columns: [name], rows: [[text]]}, a row for each minute and each mark. */
export function table(deployment) {
  const alarms = Object.keys(deployment.alarms);
  const columns = ["AWS minute", "Weight", "Old: calls", "Old: errors", "New: calls", "New: errors"];
  const rows = deployment.samples.map((sample) => [
    sample.seconds / MINUTE,
    `${number(sample.weight)} %`,
    number(sample.old.calls),
    errorWords(sample.old),
    number(sample.new.calls),
    errorWords(sample.new),
    ...alarms.map((alarm) => evaluationWords(deployment, alarm, sample.seconds)),
    "",
  ]);
  const blank = Array(5 + alarms.length).fill("");
  const verdicts = marks(deployment).map((mark) => [mark.minute, ...blank, `${mark.label}: ${mark.status}`]);
  return {
    columns: [...columns, ...alarms.map(shortName), "Verdict"],
    rows: [...rows, ...verdicts].sort((left, right) => left[0] - right[0]).map(([at, ...cells]) => [number(at), ...cells]),
  };
}

function errorWords({ calls, errors }) {
  return errors === 0 ? "0" : `${number(errors)} (${percent(errors, calls)})`;
}

function evaluationWords(deployment, alarm, seconds) {
  const until = deployment.shiftBeganAwsAt + seconds;
  const found = deployment.alarms[alarm].findLast(({ awsAt }) => awsAt <= until);
  if (!found) return "";
  return `${found.value === null ? "no data" : number(found.value)}${found.state === "OK" ? "" : `, ${found.state}`}`;
}
