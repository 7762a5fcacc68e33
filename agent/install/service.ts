// How the agent is run on a machine that is nothing but a node: by systemd, or where there is none by a script that its user starts.

import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { childEnvironment } from '../../core/process/child-environment.ts';
import { run } from '../../core/process/run.ts';
import { agentCapabilities } from '../capabilities.ts';
import { agentRights } from '../start-rights.ts';

export interface Service {
  /** Starts it, now and with the machine. */
  start(): Promise<void>;
  /** Whether it is there. */
  isInstalled(): boolean;
  /** For the agent itself: it ends, and is started anew from its file. `stop`: what it does before. */
  restart(stop: () => Promise<void>): Promise<void>;
  /** What starts it where nobody does when it has ended. */
  readonly startScript: string | undefined;
  /** Ends it and forgets it; its pods run on. */
  remove(): Promise<void>;
  /** The last lines that it wrote, where they are kept by us. */
  tail(): string;
  /** For people: how it runs here. */
  readonly description: string;
}

export interface ServiceOptions {
  readonly dataDir: string;
  /** The command line of the agent. */
  readonly command: readonly string[];
}

const unitName = 'zeroplane-agent.service';
const unitFile = `/etc/systemd/system/${unitName}`;
const endMs = 15_000;

export function openService(options: ServiceOptions): Service {
  return existsSync('/run/systemd/system') ? systemd(options) : byScript(options);
}

function systemd({ command, dataDir }: ServiceOptions): Service {
  return {
    description: `systemd runs it: systemctl status zeroplane-agent, journalctl -u zeroplane-agent`,
    async start() {
      writeFileSync(unitFile, unitText(command, dataDir), { mode: 0o644 });
      await run('systemctl', ['daemon-reload']);
      await run('systemctl', ['enable', '--quiet', unitName]);
      await run('systemctl', ['restart', unitName]);
    },
    isInstalled: () => existsSync(unitFile) && readFileSync(unitFile, 'utf8').includes(systemdWord(dataDir)),
    async restart() {
      // The process is told to end by systemd, and would not see the end of this command.
      await run('systemctl', ['restart', '--no-block', unitName]);
    },
    startScript: undefined,
    async remove() {
      if (!existsSync(unitFile)) return;
      await run('systemctl', ['disable', '--now', '--quiet', unitName]);
      rmSync(unitFile);
      await run('systemctl', ['daemon-reload']);
    },
    tail: () => 'journalctl -u zeroplane-agent says why',
  };
}

/**
 * Only what pods can live with is taken away: mounts of its own (ProtectSystem=, PrivateTmp=) would hide volumes from the machine, and what
 * systemd does by seccomp or by no_new_privs, every container would inherit.
 */
export function unitText(command: readonly string[], dataDir: string): string {
  const capabilities = Object.keys(agentCapabilities).map((each) => `CAP_${each.toUpperCase()}`);
  return `[Unit]
Description=Zeroplane node agent
Documentation=file:${dataDir}
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=${command.map(systemdWord).join(' ')}
Restart=always
RestartSec=5
# Containers outlive their agent, and are found again.
KillMode=process
Delegate=yes
TasksMax=infinity
LimitNOFILE=1048576
CapabilityBoundingSet=${capabilities.join(' ')}

[Install]
WantedBy=multi-user.target
`;
}

/** systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers". */
function systemdWord(text: string): string {
  const escaped = text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

function byScript({ dataDir, command }: ServiceOptions): Service {
  const file = (name: string) => path.join(dataDir, name);
  const [script, pidFile, logFile] = [file('start'), file('agent.pid'), file('agent.log')];
  return {
    description: `there is no systemd here: the agent runs as a process of its own (${pidFile}, ${logFile}). After a restart of the machine, or from its init: ${script}`,
    async start() {
      writeFileSync(script, scriptText([...agentRights(), ...command], { pidFile, logFile }));
      chmodSync(script, 0o700);
      await endOf(pidFile, dataDir);
      await run('/bin/sh', [script]);
    },
    isInstalled: () => existsSync(script),
    async restart(stop) {
      await stop();
      spawn('/bin/sh', [script], { detached: true, stdio: 'ignore', cwd: '/', env: childEnvironment() }).unref();
      process.exit(0);
    },
    startScript: script,
    async remove() {
      await endOf(pidFile, dataDir);
      for (const each of [script, pidFile]) rmSync(each, { force: true });
    },
    tail: () => (existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-8).join('\n') : ''),
  };
}

function scriptText(command: readonly string[], files: { pidFile: string; logFile: string }): string {
  const [pid, log] = [shellWord(files.pidFile), shellWord(files.logFile)];
  return `#!/bin/sh
# Starts the Zeroplane agent of this machine. Its pods run on without it, and it finds them again.
set -eu
umask 077
cd /
nohup ${command.map(shellWord).join(' ')} </dev/null >>${log} 2>&1 &
echo $! >${pid}
`;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Ends the process that the file names, if it is the agent of this directory, whatever other flags it was started with. */
async function endOf(pidFile: string, dataDir: string): Promise<void> {
  const pid = Number(existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : '');
  // The number may have been given to another process since.
  const isOurs = () => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return ['join', '--data-dir', dataDir].every((word) => words.includes(word));
    } catch {
      return false;
    }
  };
  if (!(pid > 0) || !isOurs()) return;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + endMs;
  while (isOurs()) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await delay(50);
  }
}
