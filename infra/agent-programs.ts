// The agent as machines fetch it from the API (`npm run release`, then `-c agentPrograms=dist/release`): the files lie in the assets' bucket,
// and the function that is asked sends on to them. It may read these objects, and no others of that bucket.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { programFile, readSums, sumsFile, unpackedProgram, unpackedSumsFile } from '../core/node/agent-program.ts';

export interface LocalProgram {
  readonly architecture: 'amd64' | 'arm64';
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly unpackedSha256: string;
}

/** Throws an Error that names the option, and what is wrong with the folder. */
export function readPrograms(directory: string): LocalProgram[] {
  const refuse = (what: string) =>
    new Error(`-c agentPrograms=${directory}: ${what}; \`npm run release\` makes it, in dist/release`);
  const text = (file: string) => {
    const path = join(directory, file);
    if (!existsSync(path)) throw refuse(`there is no ${file}`);
    return readFileSync(path, 'utf8');
  };
  const [packed, unpacked] = [readSums(text(sumsFile)), readSums(text(unpackedSumsFile))];
  const programs = (['amd64', 'arm64'] as const).flatMap((architecture): LocalProgram[] => {
    const file = programFile(architecture);
    const [sha256, unpackedSha256] = [packed.get(file), unpacked.get(unpackedProgram(architecture))];
    const path = join(directory, file);
    if (sha256 === undefined || unpackedSha256 === undefined || !existsSync(path)) return [];
    if (createHash('sha256').update(readFileSync(path)).digest('hex') !== sha256)
      throw refuse(`${file} is not what ${sumsFile} says`);
    return [{ architecture, path, bytes: statSync(path).size, sha256, unpackedSha256 }];
  });
  if (programs.length === 0) throw refuse('it holds no agent');
  return programs;
}

export function createAgentPrograms(scope: Construct, directory: string, read: LambdaFunction): void {
  const files = readPrograms(directory).map(({ path, architecture, ...sums }) => {
    const asset = new Asset(scope, `Program${architecture}`, { path });
    read.addToRolePolicy(
      new PolicyStatement({ actions: ['s3:GetObject'], resources: [asset.bucket.arnForObjects(asset.s3ObjectKey)] }),
    );
    return { architecture, ...sums, bucket: asset.s3BucketName, key: asset.s3ObjectKey };
  });
  read.addEnvironment('ZEROPLANE_AGENT_PROGRAMS', Stack.of(scope).toJsonString(files));
}
