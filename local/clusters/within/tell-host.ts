// A hosted cluster's process tells its host that it serves, and answers what the host asks. It ends with its host.

import type { Question, Said, Work } from '../messages.ts';

export interface HostedParts {
  readonly backup: (path: string) => Promise<void>;
  readonly work: () => Promise<{ readonly quiet: boolean; readonly nextDue?: number | undefined }>;
  readonly end: () => Promise<void>;
}

export function tellHost({ backup, work, end }: HostedParts): void {
  const say = (said: Said) => {
    // Where the host has just gone, nobody listens.
    if (process.connected) process.send?.(said, undefined, undefined, () => {});
  };
  process.on('disconnect', () => void end());
  process.on('message', (message) => {
    // as: our own host, who says nothing else.
    const question = message as Question;
    const { id } = question;
    const answer = async (): Promise<Said> => {
      if (question.ask === 'work') {
        const { quiet, nextDue } = await work();
        const found: Work = { quiet, ...(nextDue !== undefined && { nextDue }) };
        return { id, work: found };
      }
      await backup(question.path);
      return { id, copied: true };
    };
    answer().then(say, (error: unknown) => say({ id, failed: String(error) }));
  });
  // A host that went before this listened.
  if (!process.connected) void end();
  say({ serving: true });
}
