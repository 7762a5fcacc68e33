// `zeroplane image build`: an image from a Dockerfile, by the BuildKit that is there: its own client's, Docker's buildx, or the one in Docker.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { childEnvironment } from '../core/process/child-environment.ts';
import { tryRun } from '../core/process/run.ts';
import { loadImages } from './images.ts';
import { UserError } from './user-error.ts';

export interface BuildOptions {
  readonly dataDir: string;
  /** A folder. */
  readonly context: string;
  /** The Dockerfile; default: of that name in the context. */
  readonly file: string | undefined;
  readonly tag: string;
  /** NAME=VALUE. */
  readonly buildArgs: readonly string[];
  readonly target: string | undefined;
  /** An archive to write in place of loading the image. */
  readonly output: string | undefined;
}

/** `docker`: before its version 23, whose client has BuildKit's in it (Debian 12's docker.io). */
type Builder = 'buildctl' | 'buildx' | 'docker';

/** Which images the node has now, or the archive that was written. */
export async function buildImage(
  options: BuildOptions,
): Promise<{ readonly loaded: readonly string[] } | { readonly file: string }> {
  const file = options.file ?? join(options.context, 'Dockerfile');
  if (!existsSync(options.context))
    throw new UserError(
      `image build: there is no folder ${options.context}: \`zeroplane image build --tag NAME FOLDER\``,
    );
  if (!existsSync(file)) throw new UserError(`image build: there is no ${file}: name the Dockerfile with --file`);
  const builder = await findBuilder();
  const scratch = mkdtempSync(join(tmpdir(), 'zeroplane-build-'));
  try {
    const archive = options.output === undefined ? join(scratch, 'image.tar') : resolve(options.output);
    for (const command of buildCommands(builder, { ...options, file }, archive)) await carryOut(command);
    if (options.output !== undefined) return { file: archive };
    return { loaded: await loadImages([archive], { dataDir: options.dataDir }) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function carryOut([program = '', ...args]: readonly string[]): Promise<void> {
  // Its progress is for who waits.
  const child = spawn(program, args, { stdio: ['ignore', 2, 2], env: childEnvironment(builderEnvironment()) });
  const [code] = await once(child, 'close');
  if (code === 0) return;
  throw new UserError(
    `image build: ${program} ended with ${code}: what it says above tells why. Mend it, and \`zeroplane image build\` again`,
  );
}

/**
 * One after the other. Source: BuildKit's README, "Exploring Dockerfiles"; Docker's references of `docker buildx build`, `docker build`,
 * `docker save`.
 */
function buildCommands(
  builder: Builder,
  options: BuildOptions & { readonly file: string },
  archive: string,
): string[][] {
  const { context, file, tag, buildArgs, target } = options;
  const ofDocker = [
    ...['--file', file, '--tag', tag],
    ...buildArgs.flatMap((each) => ['--build-arg', each]),
    ...(target === undefined ? [] : ['--target', target]),
  ];
  if (builder === 'buildx')
    return [['docker', 'buildx', 'build', ...ofDocker, '--output', `type=docker,dest=${archive}`, context]];
  // The one in Docker writes no archives: its store has the image first.
  if (builder === 'docker')
    return [
      ['docker', 'build', ...ofDocker, context],
      ['docker', 'save', '--output', archive, tag],
    ];
  return [
    [
      ...['buildctl', 'build', '--frontend', 'dockerfile.v0'],
      ...[
        '--local',
        `context=${context}`,
        '--local',
        `dockerfile=${dirname(file)}`,
        '--opt',
        `filename=${basename(file)}`,
      ],
      ...buildArgs.flatMap((each) => ['--opt', `build-arg:${each}`]),
      ...(target === undefined ? [] : ['--opt', `target=${target}`]),
      ...['--output', `type=oci,name=${tag},dest=${archive}`],
    ],
  ];
}

async function findBuilder(): Promise<Builder> {
  const environment = builderEnvironment();
  const buildctl = await tryRun('buildctl', ['debug', 'workers'], { environment });
  if (buildctl.code === 0) return 'buildctl';
  const buildx = await tryRun('docker', ['buildx', 'inspect'], { environment });
  if (buildx.code === 0) return 'buildx';
  // Later clients have buildx do all of it.
  const versions = await tryRun('docker', ['version', '--format', '{{.Client.Version}}'], { environment });
  if (versions.code === 0 && Number.parseInt(versions.stdout, 10) < 23) return 'docker';
  const why = [
    buildctl.code === 'ENOENT' ? 'there is no buildctl' : `buildctl: ${lastLine(buildctl.stderr)}`,
    buildx.code === 'ENOENT' ? 'and no docker' : `docker buildx: ${lastLine(buildx.stderr)}`,
  ];
  throw new UserError(
    `image build: no BuildKit answers here (${why.join(', ')}): start buildkitd (BUILDKIT_HOST says where it listens) or Docker with buildx (its package is docker-buildx, or docker-buildx-plugin). An archive that was built elsewhere: \`zeroplane image load FILE.tar\``,
  );
}

/** Where the daemon is. */
function builderEnvironment(): Record<string, string> {
  const found = Object.entries(process.env).flatMap(([name, value]) =>
    /^(?:BUILDKIT|DOCKER|BUILDX)_/.test(name) && value !== undefined ? [[name, value] as const] : [],
  );
  return { ...Object.fromEntries(found), DOCKER_BUILDKIT: '1' };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
