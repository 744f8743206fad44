/** The alarms of the local AWS that are not OK, by account and name. With each `up` there are none yet. */
import { sliceReducer } from "./slice.js";

const EMPTY = {};

export const reduceAlarms = sliceReducer(EMPTY, {
  UpStarted: () => EMPTY,

  AlarmChanged: (alarms, event) => {
    const key = `${event.account} ${event.alarm}`;
    const { [key]: known, ...others } = alarms;
    if (event.new_state === "OK") return known ? others : alarms;
    const alarm = {
      key,
      account: event.account,
      name: event.alarm,
      state: event.new_state,
      reason: event.reason,
      since: event.at,
    };
    return { ...others, [key]: alarm };
  },
});
