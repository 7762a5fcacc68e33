// How the agent as one file is called and vouched for, where the API server gives it out (functions/apiserver/install).

/** The path below which there is all that a machine fetches. */
export const installPath = 'install-agent';

/** Lines as sha256sum writes them: of each program as it is fetched. The API server adds those of the next. */
export const sumsFile = 'SHA256SUMS';
/** The same, of each program as it runs. */
export const unpackedSumsFile = 'SHA256SUMS.unpacked';

/** `architecture`: as Go and Debian call it. Packed with gzip. */
export function programFile(architecture: string): string {
  return `${unpackedProgram(architecture)}.gz`;
}

/** Its name once it is unpacked. */
export function unpackedProgram(architecture: string): string {
  return `zeroplane-linux-${architecture}`;
}

/** File -> SHA-256, hexadecimal. What is no such line is left out. */
export function readSums(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, sum, file] = /^([0-9a-f]{64}) [ *]([\w.-]{1,100})$/.exec(line) ?? [];
      return sum === undefined || file === undefined ? [] : [[file, sum]];
    }),
  );
}
