// What others wrote, as a terminal may show it: names in a kubeconfig, an image or an object may hold what moves its cursor or colours it.

/** Control characters, and those that turn the direction of text, as question marks. */
export function shownText(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '?');
}
