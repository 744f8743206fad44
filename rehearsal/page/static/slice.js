/** Makes the reducer of a slice of a table of event types, and changes plain values without changing them in place. */

/** `handlers`: by event type, (slice, event) → the slice after it. An event of another type changes nothing. */
export function sliceReducer(empty, handlers) {
  return (slice = empty, event) => (Object.hasOwn(handlers, event.type) ? handlers[event.type](slice, event) : slice);
}

/** The table with `change(value)` under the key; unchanged where there is no such value. */
export function withChanged(table, key, change) {
  if (!Object.hasOwn(table, key)) return table;
  const changed = change(table[key]);
  return changed === table[key] ? table : { ...table, [key]: changed };
}

/** The table with `change(value)` under every key. */
export function withAllChanged(table, change) {
  return Object.keys(table).reduce((changed, key) => withChanged(changed, key, change), table);
}

/** The table without the keys that come first, so that `most` are left. */
export function withNewest(table, most) {
  const keys = Object.keys(table);
  return keys.length <= most ? table : Object.fromEntries(keys.slice(-most).map((key) => [key, table[key]]));
}
