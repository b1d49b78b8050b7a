// When to load again: often while things change, seldom while nothing does, never while nobody looks.

const BASE_SECONDS = 3;
const MAX_SECONDS = 15;
const UNCHANGED_BEFORE_SLOWER = 5;
const RETRY_SECONDS = [5, 10, 20, 30];

/** Return the seconds until the next load, after `unchanged` loads without news and `lost` loads without a response. */
export function pauseSeconds(unchanged, lost) {
  if (lost) return RETRY_SECONDS[Math.min(lost, RETRY_SECONDS.length) - 1];
  return Math.min(MAX_SECONDS, BASE_SECONDS * 2 ** Math.floor(unchanged / UNCHANGED_BEFORE_SLOWER));
}

/**
 * Call `load()` again and again while the view is visible. It returns "changed" or "same" while something may still
 * change, "over" once nothing will, "lost" where no response came, and "replaced" where another load took its place.
 * `onPause(isAlive)` is told whether another load is due.
 */
export function createPolling(load, onPause) {
  let timer;
  let due = null;
  let unchanged = 0;
  let lost = 0;
  let isStopped = false;
  let isOnScreen = true;

  const isVisible = () => isOnScreen && !document.hidden;

  async function loadNow() {
    clearTimeout(timer);
    due = null;
    schedule(await load());
  }

  function schedule(outcome) {
    if (outcome === "replaced") return;
    clearTimeout(timer);
    unchanged = outcome === "same" ? unchanged + 1 : 0;
    lost = outcome === "lost" ? lost + 1 : 0;
    const seconds = outcome === "over" || isStopped ? null : pauseSeconds(unchanged, lost);
    due = seconds && Date.now() + seconds * 1000;
    if (due) timer = setTimeout(loadIfVisible, seconds * 1000);
    onPause(due !== null);
  }

  /** What became due while the view was hidden is loaded as soon as it shows. */
  function loadIfVisible() {
    if (due && Date.now() >= due - 50 && isVisible()) loadNow();
  }

  document.addEventListener("visibilitychange", loadIfVisible);
  new IntersectionObserver(([{ isIntersecting }]) => {
    isOnScreen = isIntersecting;
    loadIfVisible();
  }).observe(document.body);

  return {
    loadNow,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
