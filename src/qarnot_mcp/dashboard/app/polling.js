// When to look again: often while things move, seldom while they stand still, never while nobody looks.

const BASE_SECONDS = 3;
const LONGEST_SECONDS = 15;
const PATIENT_LOOKS = 5;
const LOST_SECONDS = [5, 10, 20, 30];

/** Seconds until the next look, after `quiet` looks that showed nothing new and `lost` looks without an answer. */
export function pauseSeconds(quiet, lost) {
  if (lost) return LOST_SECONDS[Math.min(lost, LOST_SECONDS.length) - 1];
  return Math.min(LONGEST_SECONDS, BASE_SECONDS * 2 ** Math.floor(quiet / PATIENT_LOOKS));
}

/**
 * Calls `look()` again and again while the view is seen. It answers "changed" or "same" while something may still
 * change, "over" once nothing will, "lost" where no answer came, and "gone" where another look has taken its place.
 * `onPause(isAlive)` hears whether another look is due.
 */
export function createPolling(look, onPause) {
  let timer;
  let due = null;
  let quiet = 0;
  let lost = 0;
  let isStopped = false;
  let isOnScreen = true;

  const isSeen = () => isOnScreen && !document.hidden;

  async function lookNow() {
    clearTimeout(timer);
    due = null;
    schedule(await look());
  }

  function schedule(seen) {
    if (seen === "gone") return;
    clearTimeout(timer);
    quiet = seen === "same" ? quiet + 1 : 0;
    lost = seen === "lost" ? lost + 1 : 0;
    const seconds = seen === "over" || isStopped ? null : pauseSeconds(quiet, lost);
    due = seconds && Date.now() + seconds * 1000;
    if (due) timer = setTimeout(lookIfSeen, seconds * 1000);
    onPause(due !== null);
  }

  /** What became due while nobody looked is done as soon as somebody does. */
  function lookIfSeen() {
    if (due && Date.now() >= due - 50 && isSeen()) lookNow();
  }

  document.addEventListener("visibilitychange", lookIfSeen);
  new IntersectionObserver(([{ isIntersecting }]) => {
    isOnScreen = isIntersecting;
    lookIfSeen();
  }).observe(document.body);

  return {
    lookNow,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
