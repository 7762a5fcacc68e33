// Where the agent as one file lies.

/** Where it was installed, whatever this process was started from. */
export function installedProgram(): string {
  return process.execPath.endsWith(trialSuffix) ? process.execPath.slice(0, -trialSuffix.length) : process.execPath;
}

/** Beside it: one that has still to show that it works. */
export function trialProgram(): string {
  return installedProgram() + trialSuffix;
}

const trialSuffix = '.next';
