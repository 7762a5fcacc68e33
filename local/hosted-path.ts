// Where clusters that another one hosts are served, on the port of their host: each below its name.

export const clustersPath = '/clusters/';
