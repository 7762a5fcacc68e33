// `zeroplane image ...`: images on a node without a registry.

import { CommandLineError } from '../core/process/command-line.ts';
import { defaultDataDir } from '../local/default-data-dir.ts';
import { type Command, command } from './command.ts';
import { single } from './single-argument.ts';

const own = {
  'data-dir': { value: 'dir', help: 'where the cluster keeps everything', default: defaultDataDir },
} as const;

export const imageCommands: readonly Command[] = [
  command(
    {
      name: 'zeroplane image load',
      description: 'bring images from OCI or Docker archives to the node',
      takes: '<file...>',
      flags: own,
    },
    async ({ values, args, answer }) => {
      const { loadImages } = await import('../local/images.ts');
      return answer({ loaded: await loadImages(args, { dataDir: values['data-dir'] }) });
    },
  ),
  command(
    {
      name: 'zeroplane image list',
      description: 'say which images are on the node of this machine, or on the nodes of another cluster',
      flags: {
        ...own,
        kubeconfig: { value: 'file', help: "of another cluster; default: KUBECONFIG, then this machine's" },
      },
    },
    async ({ values, json, printed }) => {
      const { printImages } = await import('../local/image-list.ts');
      await printImages({ dataDir: values['data-dir'], kubeconfig: values.kubeconfig, json });
      return printed;
    },
  ),
  command(
    {
      name: 'zeroplane image build',
      description:
        'build an image from a Dockerfile, by a BuildKit that is there (buildctl, docker buildx, or the one in Docker), and bring it to the node',
      takes: '<folder>',
      flags: {
        'data-dir': own['data-dir'],
        tag: { value: 'name', short: 't', help: 'of the image, such as web:1', required: true },
        file: { value: 'file', short: 'f', help: 'the Dockerfile; default: of that name in the folder' },
        'build-arg': { value: 'name=value', help: 'a build argument', many: true },
        target: { value: 'stage', help: 'of the Dockerfile, to end with' },
        to: { value: 'file', help: 'an archive to write, in place of bringing the image to the node' },
      },
    },
    async ({ values, args, answer }) => {
      if (!/^[\w][\w./:@-]*$/.test(values.tag))
        throw new CommandLineError(`--tag: give a name, such as web:1, not ${JSON.stringify(values.tag)}`);
      const wrong = values['build-arg'].find((each) => !/^\w+=/.test(each));
      if (wrong !== undefined) throw new CommandLineError(`--build-arg: give NAME=VALUE, not ${JSON.stringify(wrong)}`);
      const built = await (await import('../local/image-build.ts')).buildImage({
        ...{ dataDir: values['data-dir'], context: single(args), file: values.file, tag: values.tag },
        ...{ buildArgs: values['build-arg'], target: values.target, output: values.to },
      });
      return answer(built, 'file' in built ? `wrote ${built.file}` : '');
    },
  ),
];
