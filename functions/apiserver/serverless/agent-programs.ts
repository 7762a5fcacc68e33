// The agent as machines fetch it, where its files lie in S3: each is sent on to by a URL that is signed for a few minutes. Which files, and
// their checksums, the deployment says (`ZEROPLANE_AGENT_PROGRAMS`).

import { parseJson } from '../../../core/machinery/json.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import {
  type AwsEnvironment,
  credentialsFrom,
  endpointFrom,
  regionFrom,
} from '../../../core/signature/aws-environment.ts';
import { presign } from '../../../core/signature/sigv4.ts';
import type { AgentProgramElsewhere } from '../install/agent-program.ts';
import { createInstaller, type Installer } from '../install/installer.ts';

/** A slow line takes longer to fetch a hundred megabytes; that it began in time is what counts. */
const goodSeconds = 600;
const sum = /^[0-9a-f]{64}$/;
const environment = 'ZEROPLANE_AGENT_PROGRAMS';

/** Throws an Error that names the variable, and what of it is wrong. */
export function s3Installer(text: string, env: AwsEnvironment, now: () => Date): Installer {
  const files: unknown = parseJson(text);
  if (!Array.isArray(files)) throw new Error(`the environment variable ${environment} is no list of programs`);
  const programs = files.map((each, i) => programOf(each, `${environment}[${i}]`, env, now));
  return createInstaller({ authority: () => undefined, programs: async () => programs });
}

function programOf(file: unknown, what: string, env: AwsEnvironment, now: () => Date): AgentProgramElsewhere {
  const field = (name: string, allowed: RegExp): string => {
    const value = typeof file === 'object' ? getOwn(file, name) : undefined;
    if (typeof value === 'string' && allowed.test(value)) return value;
    throw new Error(`the environment variable ${what} has no ${name}: the function's deployment must set it`);
  };
  const bytes = typeof file === 'object' ? getOwn(file, 'bytes') : undefined;
  if (typeof bytes !== 'number') throw new Error(`the environment variable ${what} has no bytes`);
  const region = regionFrom(env);
  const [bucket, key] = [field('bucket', /^[a-z0-9.-]{3,63}$/), field('key', /^[\w./-]{1,1024}$/)];
  const url = new URL(`/${bucket}/${key}`, endpointFrom(env, 's3', region));
  return {
    architecture: field('architecture', /^(?:amd64|arm64)$/),
    bytes,
    sha256: field('sha256', sum),
    unpackedSha256: field('unpackedSha256', sum),
    url: () =>
      presign(
        { method: 'GET', url },
        { credentials: credentialsFrom(env), region, service: 's3', now: now() },
        goodSeconds,
      ),
  };
}
