export * from './cluster.ts';
export * from './run.ts';
export * from './scale.ts';
