/** On the picture that a node shows of a pod of its own (a static pod). Such a pod opens nothing to its node. */
export const mirrorAnnotation = 'kubernetes.io/config.mirror';
