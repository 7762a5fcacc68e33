// What a program says of itself: its version, its commands, and what a shell needs to complete them.

import { type CommandLine, CommandLineError } from '../core/process/command-line.ts';
import { version } from '../core/process/version.ts';
import { kubernetesVersion } from '../functions/apiserver/system/version.ts';
import { type Command, command, type Program, runCommand, wordsOf } from './command.ts';

/** `program` with these among its commands. */
export function withOwnCommands(program: Program): Program {
  const all: Command[] = [...program.commands];
  const whole = { ...program, commands: all };
  all.push(versionCommand(program.name), completionCommand(whole), helpCommand(whole));
  return whole;
}

function versionCommand(name: string): Command {
  return command(
    {
      name: `${name} version`,
      description: 'say the version, of this program and of the Kubernetes that it is',
      flags: {},
    },
    ({ answer }) => {
      const kubernetes = kubernetesVersion.gitVersion;
      const { platform, arch, version: node } = process;
      return answer(
        { version, kubernetes, node, platform, arch },
        `${name} ${version}, Kubernetes ${kubernetes}, Node ${node}, ${platform}/${arch}`,
      );
    },
  );
}

function completionCommand(program: Program): Command {
  const { name } = program;
  return command(
    {
      name: `${name} completion`,
      description: `print what a shell needs to complete commands and flags: \`source <(${name} completion bash)\``,
      takes: '<bash|zsh|fish>',
      flags: {},
    },
    async ({ args, answer }) => {
      const { completionScript, shells } = await import('./completion.ts');
      const shell = shells.find((each) => each === args[0]);
      if (shell === undefined || args.length > 1)
        throw new CommandLineError(`completion: ${JSON.stringify(args.join(' '))} is none of ${shells.join(', ')}`);
      const script = await completionScript(shell, name, program.commands);
      return answer({ shell, script }, script);
    },
  );
}

/** A command as JSON tells it. */
export interface CommandEntry extends Pick<CommandLine, 'takes' | 'flags'> {
  readonly name: string;
  readonly description: string;
}

function helpCommand(program: Program): Command {
  return command(
    {
      name: `${program.name} help`,
      description: 'say what a command takes; -o json: all of them, as the reference is made from them',
      takes: '[command...]',
      flags: {},
    },
    async ({ args, json, answer, printed }) => {
      if (!json) {
        await runCommand(program, [...args, '--help']);
        return printed;
      }
      const chosen = program.commands.filter((each) => args.every((word, at) => wordsOf(each)[at] === word));
      // It says that there is none.
      if (chosen.length === 0) await runCommand(program, args);
      const entries = chosen.map(async (each): Promise<CommandEntry> => {
        const { takes, flags } = await each.line();
        return { name: each.name, description: each.description, ...(takes !== undefined && { takes }), flags };
      });
      return answer(await Promise.all(entries));
    },
  );
}
