/** The managers and the flat methods as types, made from the tables of methods and of aliases. */
import type { aliases } from '../aliases.ts';
import type { Bound } from './call.ts';
import type { Methods } from './methods.ts';

/** A manager's methods; `H`: results come with the answer's headers. */
type Manager<M, H> = { readonly [K in keyof M]: Bound<M[K], H> };

/** The managers by the property that holds each. */
export type Managers<H extends boolean = false> = { readonly [Name in keyof Methods]: Manager<Methods[Name], H> };

type Aliases = typeof aliases;
type Target<M, T> = T extends readonly [infer Name extends keyof M, infer Method]
  ? M[Name][Method & keyof M[Name]]
  : never;

/** The flat methods. */
export type Flat<H extends boolean = false> = { readonly [A in keyof Aliases]: Target<Managers<H>, Aliases[A]> };
