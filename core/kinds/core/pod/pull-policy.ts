// When an image is pulled where nobody says: an image whose name may mean another tomorrow always, any other once.

export function pullPolicyFor(image: string): 'Always' | 'IfNotPresent' {
  return isLatest(image) ? 'Always' : 'IfNotPresent';
}

/** `name`, or `name:latest`; a digest without a tag is a fixed image. */
function isLatest(image: string): boolean {
  const at = image.indexOf('@');
  const name = at < 0 ? image : image.slice(0, at);
  const colon = name.lastIndexOf(':');
  const tag = colon > name.lastIndexOf('/') ? name.slice(colon + 1) : '';
  return tag === 'latest' || (tag === '' && at < 0);
}
