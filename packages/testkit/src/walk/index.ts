export * from './caller.ts';
export * from './calls.ts';
export * from './estate.ts';
export * from './faults.ts';
export * from './walk.ts';
