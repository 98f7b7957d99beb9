/** How long a text of a guest is where it is kept or shown: what a guest can make longer must have an end. */
const MAX_LENGTH = 1000;

/** What is said of the rest, which takes at most so much. */
const REST = /… \(\d+ more characters\)$/;
const ROOM = 40;

/** A text of a guest that has an end: `max` characters, and how many more there were. What was shortened stays as it is. */
export function shortened(text: string, max = MAX_LENGTH): string {
  if (text.length <= max || (text.length <= max + ROOM && REST.test(text))) return text;
  // Through bytes, because V8 would keep the whole text for the sake of a part.
  const start = Buffer.from(text.slice(0, max)).toString();
  return `${start}… (${text.length - max} more characters)`;
}

/**
 * The first of many lines, each with an end, and how many more there were.
 *
 * @param others - how many there were besides
 */
export function shortenedLines(lines: readonly string[], maxLines: number, others = 0): string[] {
  const shown = lines.slice(0, maxLines).map((line) => shortened(line));
  const more = lines.length - shown.length + others;
  return more === 0 ? shown : [...shown, `  … ${more} more`];
}
