/** Every door of the matrix, in the order of its tables. */
import { dropIn, genuine } from '../../packages/dialects/auth0/conformance/legacy.ts';
import type { Door } from '../door.ts';
import type { Stage } from '../stage.ts';
import { auth0Door } from './auth0.ts';
import { authingDoor } from './authing.ts';
import { nativeDoor } from './native.ts';
import { rw3issDoor } from './rw3iss.ts';

export const openDoors = async (stage: Stage): Promise<Door[]> => [
  nativeDoor(stage),
  auth0Door(stage, genuine),
  auth0Door(stage, dropIn),
  await rw3issDoor(stage),
  authingDoor(stage, 'authing-js-sdk'),
  authingDoor(stage, '@reeve/authing'),
];
