// The lines of a log as get_task_logs returns them, and how one result joins those before it.

const MAX_LINES = 5000;

/** Return the lines of a result: [{number, instance, text, isSection, isNear}]; an unknown number is null. */
export function linesOf({ text, matches, first_line }) {
  const texts = text ? text.split("\n") : [];
  if (matches !== undefined) return texts.map(foundLine);
  return texts.map((line, position) => lineOf(line, first_line === undefined ? null : first_line + position));
}

function lineOf(line, number) {
  const [, title] = (number === null && /^== (.*) ==$/.exec(line)) || [];
  if (title) return { number, text: title, isSection: true };
  const [, instance, text] = /^ *(\d+)> (.*)$/.exec(line) ?? [];
  return instance === undefined ? { number, text: line } : { number, instance: Number(instance), text };
}

/** A line of a search: its number, then ":" where it matches or "-" where it is only near; "--" stands for a gap. */
function foundLine(line) {
  const [, number, sign, text] = /^(\d+)([:-]) (.*)$/.exec(line) ?? [];
  return sign
    ? { ...lineOf(text, Number(number)), isNear: sign === "-" }
    : { number: null, text: "⋯", isSection: true };
}

/** Return lines with newer ones after them; a line that came again (it had no end yet) is replaced. */
export function joinedLater(lines, later) {
  const first = later[0]?.number ?? Infinity;
  return [...lines.filter(({ number }) => number < first), ...later].slice(-MAX_LINES);
}

/** Return lines with earlier ones before them. */
export function joinedEarlier(lines, earlier) {
  return [...earlier.filter(({ number }) => number < lines[0].number), ...lines].slice(0, MAX_LINES);
}

/** Split a text into pieces, every second of which matches `wanted`, whatever its capital letters. */
export function piecesOf(text, wanted) {
  const folded = text.toLowerCase();
  const needle = wanted.toLowerCase();
  // Where lowering changes lengths (a few letters of some languages), places would not fit: no marks then.
  if (!needle || folded.length !== text.length) return [text];
  const pieces = [];
  let from = 0;
  for (let at = folded.indexOf(needle); at >= 0; at = folded.indexOf(needle, from)) {
    pieces.push(text.slice(from, at), text.slice(at, at + needle.length));
    from = at + needle.length;
  }
  return [...pieces, text.slice(from)];
}

/** Return the regular expression (RE2) that finds a plain text, whatever its capital letters. */
export const expressionFor = (text) => `(?i)${text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}`;
