/** `auth0-deploy-cli` 8.44.0 exports and imports a tenant. */
import { describeDeployCli } from './deploy-cli.suite.ts';

describeDeployCli(8);
