// What is tried again, and when.

const PAUSES = [1, 2, 4, 8, 15];
const MAX_TRIES = 6;

/** Nothing that comes later can work either: everything stops. */
const HALTING = ["link", "expired", "quota", "key", "rights", "origin"];
/** It may work in a moment, as often as it takes: the connection is cut, or the server has too much to do. */
const PASSING = ["lost", "busy"];
const REPEATED = ["again", "slow"];

export const isHalting = (code) => HALTING.includes(code);

/** Return the seconds until the next try after `tries` that failed, or null where there is none. */
export function pauseBefore(code, tries) {
  const isRepeated = PASSING.includes(code) || (REPEATED.includes(code) && tries < MAX_TRIES);
  return isRepeated ? PAUSES[Math.min(tries, PAUSES.length) - 1] : null;
}
