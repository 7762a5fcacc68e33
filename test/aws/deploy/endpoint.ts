// Where a deployment is tried: at an emulator that the person names, never at AWS.

import { UserError } from '../../../local/user-error.ts';

export interface Arguments {
  readonly endpoint: URL | undefined;
  /** For vitest. */
  readonly rest: readonly string[];
}

const option = '--deploy-endpoint';

/** Throws UserError for an endpoint that cannot be meant. */
export function readArguments(args: readonly string[]): Arguments {
  const at = args.findIndex((each) => each === option || each.startsWith(`${option}=`));
  if (at === -1) return { endpoint: undefined, rest: args };
  const inOne = args[at]?.includes('=') ?? false;
  const rest = args.toSpliced(at, inOne ? 1 : 2);
  const [unexpected] = rest;
  if (unexpected !== undefined)
    throw new UserError(`${unexpected}: with ${option} no tests are run; give the URL of the emulator alone`);
  return { endpoint: readEndpoint(inOne ? args[at]?.slice(option.length + 1) : args[at + 1]), rest };
}

/** AWS' own names in all partitions: a slip must not make anything that is paid for. */
const ofAws =
  /(^|\.)(amazonaws\.(com|com\.cn|eu)|amazonaws-[a-z]+\.[a-z]+|aws|api\.amazonwebservices\.com\.cn|c2s\.ic\.gov|sc2s\.sgov\.gov)\.?$/;

function readEndpoint(text: string | undefined): URL {
  const example = 'such as http://127.0.0.1:5000';
  if (!text) throw new UserError(`${option}: give the URL of an emulator of AWS, ${example}`);
  const url = URL.parse(text);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new UserError(`${option} ${text}: this is no URL of http or https; give one ${example}`);
  if (ofAws.test(url.hostname))
    throw new UserError(
      `${option} ${text}: this is AWS itself, where a deployment costs money; use \`npx cdk deploy\` for that (docs/aws.md), and give an emulator here, ${example}`,
    );
  if (url.username || url.password)
    throw new UserError(`${option} ${text}: leave out user and password; emulators get invented credentials`);
  if (url.pathname !== '/' || url.search || url.hash)
    throw new UserError(
      `${option} ${text}: leave out what stands behind host and port; AWS' clients put paths of their own there`,
    );
  return url;
}
