// What a request is to admission.

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
