/** The text without the characters of a set that it ends with. `/x+$/` tries anew at each of them: the square of the time. */
export function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return end === text.length ? text : text.slice(0, end);
}

export function withoutStart(text: string, characters: string): string {
  let at = 0;
  while (at < text.length && characters.includes(text.charAt(at))) at += 1;
  return at === 0 ? text : text.slice(at);
}
