// Steps of a long command: a live list with times on a terminal, one line a step elsewhere.

import { Listr, PRESET_TIMER } from 'listr2';
import { UserError } from './user-error.ts';

export interface Step {
  readonly title: string;
  /** `say` shows what is being done now. A returned text replaces the title. */
  readonly run: (say: (line: string) => void) => Promise<string | undefined>;
  readonly skip?: () => boolean;
}

/** Runs the steps in order; the first failure ends them. */
export async function runSteps(steps: readonly Step[]): Promise<void> {
  const tasks = steps.map(({ title, run, skip }) => ({
    title,
    ...(skip && { enabled: () => !skip() }),
    task: async (_: unknown, task: { title: string; output: string }) => {
      task.title = (await run((line) => (task.output = line))) ?? title;
    },
  }));
  try {
    await new Listr(tasks, {
      renderer: process.stdout.isTTY ? 'default' : 'simple',
      rendererOptions: { timer: PRESET_TIMER, collapseSubtasks: false, showErrorMessage: false },
      fallbackRendererOptions: { timer: PRESET_TIMER },
    }).run();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
