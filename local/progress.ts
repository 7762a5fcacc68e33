// Steps of a long command: a live list with times on a terminal, one line a step elsewhere.

import { errorText } from '../core/machinery/error-text.ts';
import { UserError } from './user-error.ts';

/** Where it is said what is being done. */
let progress: NodeJS.WriteStream = process.stdout;

/** The standard output is for an answer that a program reads. */
export function progressToStderr(): void {
  progress = process.stderr;
}

export function sayProgress(line: string): void {
  progress.write(`${line}\n`);
}

export interface Step {
  readonly title: string;
  /** `say` shows what is being done now. A returned text replaces the title. */
  readonly run: (say: (line: string) => void) => Promise<string | undefined>;
  readonly skip?: () => boolean;
}

/** Runs the steps in order; the first failure ends them. */
export async function runSteps(steps: readonly Step[]): Promise<void> {
  try {
    await (progress === process.stdout && progress.isTTY ? showSteps(steps) : printSteps(steps));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(errorText(error), { cause: error });
  }
}

async function showSteps(steps: readonly Step[]): Promise<void> {
  const { Listr, PRESET_TIMER } = await import('listr2');
  const tasks = steps.map(({ title, run, skip }) => ({
    title,
    ...(skip && { enabled: () => !skip() }),
    task: async (_: unknown, task: { title: string; output: string }) => {
      task.title = (await run((line) => (task.output = line))) ?? title;
    },
  }));
  const rendererOptions = { timer: PRESET_TIMER, collapseSubtasks: false, showErrorMessage: false };
  await new Listr(tasks, { renderer: 'default', rendererOptions }).run();
}

async function printSteps(steps: readonly Step[]): Promise<void> {
  for (const { title, run, skip } of steps) {
    if (skip?.()) continue;
    const began = performance.now();
    const line = (mark: string, text: string) =>
      sayProgress(`${mark} ${text} [${((performance.now() - began) / 1000).toFixed(1)}s]`);
    try {
      line('✔', (await run(() => {})) ?? title);
    } catch (error) {
      line('✖', title);
      throw error;
    }
  }
}
