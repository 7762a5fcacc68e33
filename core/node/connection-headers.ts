// Headers that speak of one connection and are not passed on by who stands between two (RFC 9110, section 7.6.1), and `host`, which
// every connection has of its own. Lower case.

export const connectionHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
  'host',
]);
