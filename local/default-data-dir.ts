// Where a cluster keeps everything, unless it is told otherwise. A file of its own: every command has it in its help.

export const defaultDataDir = process.env['ZEROPLANE_DATA_DIR'] || '/var/lib/zeroplane';
