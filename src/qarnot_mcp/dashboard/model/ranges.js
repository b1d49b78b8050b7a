// Ranges of instance ids such as "0-2,5", ends included.

/** Answers whether an id lies in the ranges. */
export function inRanges(text) {
  const pairs = pairsOf(text);
  return (id) => pairs.some(([low, high]) => low <= id && id <= high);
}

/** Answers the first `most` ids of the ranges. */
export function idsOf(text, most) {
  const ids = [];
  for (const [low, high] of pairsOf(text)) {
    for (let id = low; id <= high && ids.length < most; id++) ids.push(id);
  }
  return ids;
}

function pairsOf(text) {
  return [...String(text ?? "").matchAll(/(\d+)(?:-(\d+))?/g)].map(([, low, high]) => [
    Number(low),
    Number(high ?? low),
  ]);
}
