// One process that loads one client: its argument. Prints processor times as JSON: microseconds of the load, of the first call, and of
// calls when it is warm. JavaScript, so that nothing is added to the time that the load takes.

const [client] = process.argv.slice(2);
const key = { p: { S: 'object#pods' }, s: { S: 'default/web' } };
const get = { TableName: 'store', Key: key, ConsistentRead: true };
const put = { TableName: 'store', Item: { ...key, v: { B: Buffer.alloc(1000, 'x') }, r: { N: '1' } } };
const warmingUp = 1000;
const counted = 2000;

async function cpu(work) {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return [user + system, result];
}

const [load, { calls }] = await cpu(() => import(client));
const [first] = await cpu(() => calls.putItem(put));
const each = async (call) => {
  for (let i = 0; i < warmingUp; i++) await call();
  const [all] = await cpu(async () => {
    for (let i = 0; i < counted; i++) await call();
  });
  return all / counted;
};
const read = await each(() => calls.getItem(get));
const write = await each(() => calls.putItem(put));
process.stdout.write(JSON.stringify({ load, first, read, write }));
process.exit(0);
