// What of its own environment a process passes on to a program that it starts: what programs need to find their files and the network.
// The rest may be a secret of whoever started us, and /proc shows it to all who run as the same user.

const passedOn = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TERM',
  // Proxies, for those who pull images or packages.
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
  // Where Windows has its programs.
  ...['SystemRoot', 'windir', 'PATHEXT', 'ProgramFiles', 'ProgramData', 'PSModulePath'],
  // Authorities that the machine's administrator trusts.
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'],
];

/** What AWS's credentials, region and endpoints are found by: for a program that does what its user does on AWS. */
export function awsEnvironment(): Record<string, string> {
  const found = Object.entries(process.env).flatMap(([name, value]) =>
    name.startsWith('AWS_') && value !== undefined ? [[name, value] as const] : [],
  );
  return Object.fromEntries(found);
}

/** `more`: what the program is to have beside, or instead. */
export function childEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const own = passedOn.flatMap((name) => {
    // computed name: of the list above.
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(own), ...more };
}
