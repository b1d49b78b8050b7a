// How fast bytes go, over the last seconds.

const WINDOW_SECONDS = 8;

/** Return a meter: `note(total, seconds)` is told how many bytes were sent until now, `speed()` is in bytes a second. */
export function createMeter() {
  let samples = [];
  return {
    note(total, seconds) {
      const last = samples.at(-1);
      if (last && total < last.total) samples = []; // a part is sent again
      samples.push({ total, seconds });
      while (samples.length > 2 && seconds - samples[0].seconds > WINDOW_SECONDS) samples.shift();
    },
    speed() {
      const [first, last] = [samples[0], samples.at(-1)];
      const seconds = last ? last.seconds - first.seconds : 0;
      return seconds > 0 ? (last.total - first.total) / seconds : 0;
    },
    reset: () => (samples = []),
  };
}

/** Return the seconds that the rest takes, or null while that cannot be told. */
export const secondsLeft = (bytes, speed) => (speed > 0 ? bytes / speed : null);
