// The parts of a file that is too large to be sent at once.

/** Return the parts that are still to be sent: their number (from 1 on), and where they begin and end in the file. */
export function missingParts(size, partBytes, thereNumbers = []) {
  const there = new Set(thereNumbers);
  const parts = [];
  for (let start = 0, number = 1; start < size; start += partBytes, number++)
    if (!there.has(number)) parts.push({ number, start, end: Math.min(size, start + partBytes) });
  return parts;
}

/** Return how many bytes the parts hold. */
export const bytesIn = (parts) => parts.reduce((sum, { start, end }) => sum + end - start, 0);
