// The types that are written with the group that says their node (core/store/groups.ts).

export const groupedTypes = ['pods', 'persistentvolumes'] as const;
