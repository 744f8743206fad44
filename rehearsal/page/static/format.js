/** Times, counts and names as people read them. It must not read a clock: what is now is given. */

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const DAY_SECONDS = 86400;

/** `at`: seconds since the epoch. With the day when that is not the day of `now`. */
export function clockTime(at, now = at) {
  const time = CLOCK.format(at * 1000);
  const isToday = DAY.format(at * 1000) === DAY.format(now * 1000);
  return isToday ? time : `${DAY.format(at * 1000)}, ${time}`;
}

export function isoTime(at) {
  return new Date(at * 1000).toISOString();
}

export function duration(seconds) {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  if (whole < DAY_SECONDS) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / DAY_SECONDS)} d ${Math.floor((whole % DAY_SECONDS) / 3600)} h`;
}

export function awsMinutes(awsSeconds) {
  return `${number(awsSeconds / 60)} AWS min`;
}

export function number(value) {
  return NUMBER.format(value);
}

export function percent(part, whole) {
  return whole === 0 ? "–" : `${number((100 * part) / whole)} %`;
}

export function shortCommit(commit) {
  return commit.slice(0, 7);
}

export function shortExecution(id) {
  return id.slice(0, 8);
}

export function plural(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** `SelfMutate` → `SelfMutate` with places where a narrow column may break it. */
export function breakable(name) {
  return name.replace(/([a-z0-9])([A-Z])|([.\-_/])/g, (_, before, after, mark) =>
    mark ? `${mark}\u200b` : `${before}\u200b${after}`,
  );
}

const IN_WORDS = { InProgress: "In progress", Errored: "Error of the run" };

export function statusWords(status) {
  return IN_WORDS[status] ?? status;
}
